"""The records that the C functions read, field by field as in `kernels.c`."""

from ctypes import Structure, c_float, c_int64, c_void_p

__all__ = [
    "Batch",
    "Cache",
    "HeadCalls",
    "HeadSizes",
    "LayerCall",
    "ProjectionCall",
    "Update",
]


class Update(Structure):
    """The adapters of a projection."""

    _fields_ = (
        ("a", c_void_p),
        ("b", c_void_p),
        ("inputs", c_int64),
        ("members", c_int64),
        ("rank", c_int64),
        ("ends", c_int64 * 4),
    )


class Batch(Structure):
    """The rows of a pass, the slot of each, and memory to work in."""

    _fields_ = (("rows", c_int64), ("slots", c_void_p), ("scratch", c_void_p))


class HeadSizes(Structure):
    """`Heads`, for the C functions."""

    _fields_ = (
        ("query_heads", c_int64),
        ("key_heads", c_int64),
        ("size", c_int64),
        ("scale", c_float),
    )


class HeadCalls(Structure):
    """What is done to the queries and the keys of a layer before they meet."""

    _fields_ = (
        ("weights", c_void_p * 2),
        ("widths", c_int64 * 2),
        ("epsilons", c_float * 2),
        ("is_turned", c_int64),
    )


class Cache(Structure):
    """Keys and values of one layer, and which of them each row sees."""

    _fields_ = (
        ("prompts", c_void_p),
        ("answers", c_void_p),
        ("place", c_void_p),
        ("length", c_void_p),
        ("column", c_void_p),
        ("number_of_prompts", c_int64),
        ("prompt_columns", c_int64),
        ("answer_columns", c_int64),
    )


class ProjectionCall(Structure):
    """A projection's matrix in panels, its bias where it has one, and its adapters."""

    _fields_ = (("panels", c_void_p), ("bias", c_void_p), ("update", Update))


class LayerCall(Structure):
    """All that one layer of a step reads."""

    _fields_ = (
        ("qkv", ProjectionCall),
        ("out", ProjectionCall),
        ("gate_up", ProjectionCall),
        ("down", ProjectionCall),
        ("middle", c_void_p),
        ("after", c_void_p),
        ("middle_epsilon", c_float),
        ("after_epsilon", c_float),
        ("heads", HeadCalls),
        ("cache", Cache),
    )
