"""The zoo: seven efficient super-resolution architectures, with nothing but torch, and safetensors to read files.

model = model_defs.build("span", scale=4)                            # random weights, deploy form
model = model_defs.load_checkpoint("bsrn", "net_g_BSRN_x4.pth", 4)   # official weights
image = model_defs.super_resolve(model, image)                       # RGB in [0, 1]
"""

from model_defs.catalog import DEFAULTS, Variant, ZooError, build, get, variants
from model_defs.checkpoint import load_checkpoint
from model_defs.checkpoint_files import is_torchscript, read_tensors
from model_defs.checkpoint_keys import keyed_like
from model_defs.inference import super_resolve
from model_defs.reparam import Form, form_of, to_deploy

__all__ = [
    "DEFAULTS",
    "Form",
    "Variant",
    "ZooError",
    "build",
    "form_of",
    "get",
    "is_torchscript",
    "keyed_like",
    "load_checkpoint",
    "read_tensors",
    "super_resolve",
    "to_deploy",
    "variants",
]
