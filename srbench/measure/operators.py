"""Which of torch's operators cost nothing by the papers' rule, and which nobody knows the cost of.

Multi-Adds are convolutions and matrix products (:mod:`srbench.measure.products`). Everything else that a network calls
is either *free*, since papers leave it out whatever it costs, or *unknown*: then a count is a lower bound. Free is what
stands here by name or carries torch's own tag; an operator that nobody listed is unknown, so a new one is never silent.
"""

from functools import cache
from typing import Any, Literal

import torch

from srbench import private

#: ``view``: no element is touched; ``free``: elements are made, at no cost by the papers' rule.
Sort = Literal["view", "free", "unknown"]

#: Tensors from nowhere, looks at one, and checks: nothing is computed from the picture.
_MADE = """
arange bartlett_window blackman_window empty empty_like empty_permuted empty_strided eye full full_like hamming_window
hann_window kaiser_window lift lift_fresh linspace logspace new_empty new_empty_strided new_full new_ones new_zeros ones
ones_like rand rand_like randint randint_like randn randn_like randperm range scalar_tensor tril_indices triu_indices
zeros zeros_like bernoulli cauchy exponential geometric log_normal multinomial normal normal_functional poisson random
uniform _efficientzerotensor _new_zeros_with_same_feature_meta
_assert_async _assert_scalar _assert_tensor_metadata _functional_assert_async _functional_assert_scalar
_has_same_storage_numel _local_scalar_dense _print is_same_size is_set_to is_pinned sym_constrain_range
sym_constrain_range_for_size sym_size sym_stride sym_numel sym_storage_offset record_stream _fused_sdp_choice
_linalg_check_errors detach_ set_ resize_ resize_as_ _resize_output_ squeeze_ unsqueeze_ t_ transpose_ as_strided_
"""
#: One or a few operations for each element: what torch does not tag as pointwise.
_ELEMENTWISE = """
abs_ add_relu _add_relu ceil complex copysign eq ge gt le lt ne fill floor_divide gcd gelu glu hardswish heaviside
huber_loss lcm log_sigmoid_forward masked_fill mish mse_loss native_dropout _fused_dropout polar _prelu_kernel
rrelu_with_noise rrelu_with_noise_functional rsub smooth_l1_loss threshold xlogy zero __irshift__ __ilshift__ isin
is_nonzero equal allclose bucketize
"""
#: Sums, means, extremes and their like, which papers never count.
_REDUCTIONS = """
all amax amin aminmax _aminmax any argmax argmin count_nonzero linalg_vector_norm linalg__powsum logsumexp max mean min
nansum norm prod std std_mean sum trace var var_mean _is_all_true _is_any_true
"""
_NORMALISATION = """
_batch_norm_no_update _batch_norm_with_update _batch_norm_with_update_functional _log_softmax _masked_softmax
_native_batch_norm_legit _native_batch_norm_legit_functional _native_batch_norm_legit_no_training _safe_softmax _softmax
_fused_rms_norm batch_norm_elemt batch_norm_stats cudnn_batch_norm native_batch_norm native_group_norm
native_layer_norm renorm _weight_norm_interface
"""
_POOLING = """
_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d avg_pool2d avg_pool3d
fractional_max_pool2d fractional_max_pool3d max_pool2d_with_indices max_pool3d_with_indices max_unpool2d max_unpool3d
mkldnn_max_pool2d mkldnn_max_pool3d mkldnn_adaptive_avg_pool2d
"""
_RESIZING = """
_upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_lanczos2d_aa _upsample_nearest_exact1d
_upsample_nearest_exact2d _upsample_nearest_exact3d upsample_bicubic2d upsample_bilinear2d upsample_linear1d
upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_trilinear3d affine_grid_generator cudnn_grid_sampler
grid_sampler_2d grid_sampler_3d _grid_sampler_2d_cpu_fallback
"""
#: Elements go elsewhere: shuffles, joins, borders, copies, choices.
_MOVES = """
_chunk_cat _copy_from _lazy_clone _pin_memory _reshape_copy _stack _to_copy _to_dense _unsafe_index _unsafe_masked_index
_unsafe_index_put _unsafe_view _index_put_impl as_strided_scatter block_diag cat channel_shuffle clone col2im
constant_pad_nd copy diag_embed diagonal_scatter embedding flip gather im2col index index_add index_copy index_fill
index_put index_reduce index_select masked_scatter masked_select nonzero nonzero_static pixel_shuffle pixel_unshuffle
put reflection_pad1d reflection_pad2d reflection_pad3d repeat repeat_interleave replication_pad1d replication_pad2d
replication_pad3d roll rot90 scatter scatter_add scatter_reduce select_scatter slice_scatter split_copy
split_with_sizes_copy stack take tril triu unsafe_split unsafe_split_with_sizes where to_mkldnn _mkldnn_reshape
_mkldnn_transpose resize_as resize
"""
#: What torch takes apart into the above, as tracers name it.
_COMPOSED = """
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d avg_pool1d batch_norm contiguous dropout
expand_as feature_dropout flatten grid_sampler group_norm hardsigmoid instance_norm layer_norm log_softmax max_pool1d
max_pool2d max_pool3d narrow native_channel_shuffle outer pad prelu relu6 repeat_interleave reshape reshape_as rms_norm
selu size softmax square swapaxes to type_as unflatten upsample_bicubic2d upsample_bilinear2d upsample_nearest2d
view_as chunk tensor_split movedim moveaxis meshgrid
"""
_VIEWS = frozenset(_MADE.split())
_FREE = frozenset(" ".join((_ELEMENTWISE, _REDUCTIONS, _NORMALISATION, _POOLING, _RESIZING, _MOVES)).split())
#: torch's own operators; ``profiler`` marks stretches of a trace and takes no tensor.
_OWN = frozenset(("aten", "prims", "prim", "profiler"))


@cache
def sort(operator: Any) -> Sort:
    """What the papers' rule has for an operator that is neither a convolution nor a matrix product.

    Args:
        operator: an ``OpOverload`` as torch's dispatcher calls it: nothing that torch takes apart into others.
    """
    if operator.namespace not in _OWN:
        return "unknown"
    if operator.namespace == "profiler":
        return "view"
    return _sort_by_name(name_of(operator).rpartition(":")[2]) or _sort_by_nature(operator)


def sort_by_name(name: str) -> Sort:
    """The same of an operator as tracers call it, ``aten::gelu``; any of its overloads tells.

    Args:
        name: namespace and name. What torch does not have under this name is unknown.
    """
    namespace, _, plain = name.partition("::")
    if namespace == "aten" and plain.removesuffix("_") in _COMPOSED.split():
        return "free"
    packet = getattr(getattr(torch.ops, namespace, None), plain, None) if namespace in _OWN else None
    if packet is None or not hasattr(packet, "overloads"):
        return "unknown"
    sorts = {sort(getattr(packet, overload)) for overload in packet.overloads()}
    return "free" if "free" in sorts else "view" if "view" in sorts else "unknown"


def reads_values(operator: Any) -> bool:
    """Whether what an operator gives, or its shape, is for Python to branch on: ``.item()``, boolean masks."""
    return torch.Tag.data_dependent_output in operator.tags or torch.Tag.dynamic_output_shape in operator.tags


def writes(operator: Any) -> bool:
    """Whether an operator changes one of its arguments."""
    return private.changes_argument(operator)


def name_of(operator: Any) -> str:
    """``aten::_fft_r2c``: namespace and name, without the overload."""
    return str(operator.name()).partition(".")[0]


def _sort_by_name(name: str) -> Sort | None:
    for each in (name, name.removesuffix("_")):  # an underscore at the end: in place
        if each in _VIEWS:
            return "view"
        if each in _FREE or each.startswith("_foreach_"):
            return "unknown" if each == "_foreach_mm" else "free"
    return None


def _sort_by_nature(operator: Any) -> Sort:
    if torch.Tag.pointwise in operator.tags or torch.Tag.view_copy in operator.tags:
        return "free"
    return "view" if private.gives_views(operator) else "unknown"
