"""What a file changes for the whole process is found and put back; in a process of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = """
import os, signal, torch
from srbench.foreign.effects import Settings
torch.set_num_threads(2)
settings = Settings()
settings.put_back()
assert settings.remarks == ()
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_grad_enabled(False)
torch.backends.mkldnn.enabled = False
torch.backends.cudnn.benchmark = True
torch.manual_seed(1234)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.environ["OMP_NUM_THREADS"] = "1"
os.chdir("/")
here = os.getcwd()
settings.put_back()
assert torch.get_num_threads() == 2
assert torch.get_default_dtype() == torch.float32 and torch.zeros(1).device.type == "cpu"
assert torch.is_grad_enabled() and torch.backends.mkldnn.enabled and not torch.backends.cudnn.benchmark
assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
assert "OMP_NUM_THREADS" not in os.environ and os.getcwd() != "/"
print(",".join(settings.changed), "|", ",".join(settings.stuck))
settings.put_back()
torch.set_num_interop_threads(torch.get_num_interop_threads() + 1)
settings.put_back()
print(",".join(settings.stuck))
"""


def test_settings_are_put_back_and_named() -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    changed, stuck = done.stdout.splitlines()
    assert changed == (
        "torch.set_num_threads,torch.set_default_dtype,torch.backends.mkldnn.enabled,torch.backends.cudnn.benchmark,"
        "torch.set_default_device,torch.set_grad_enabled,torch.manual_seed,signal handlers,environment variables,"
        "the current folder | "
    )
    assert stuck == "torch.set_num_interop_threads"
