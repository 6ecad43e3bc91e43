"""Compiled C functions that XLA calls on the CPU: the checked functions of `c_checked.py` as targets of its FFI.

The handler shares the points out among threads and hands those in doubt to Python for `repair.py`. Large results get
pages of two megabytes: XLA gives new memory for every call, and in pages of four kilobytes the kernel's clearing of
them takes longer than all the rest.
"""

from __future__ import annotations

import atexit
import ctypes
import hashlib
import math
import time
from collections.abc import Callable
from typing import Any

from symgeo.codegen.c import shared_library
from symgeo.codegen.c_checked import CHECKED, checked_text
from symgeo.codegen.kernel import Kernel
from symgeo.codegen.numpy import block_length, execute_checked
from symgeo.codegen.numpy_source import function_signature
from symgeo.codegen.repair import Repair

# Fewer numbers than this are not worth a thread.
_WORTH_A_THREAD = 1 << 16

_HANDLER = """
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xla/ffi/api/c_api.h>

enum {{ ARGUMENTS = {arguments}, COORDINATES = {coordinates}, COMPONENTS = {components} }};
enum {{ MOST_THREADS = 64, WORTH_A_THREAD = {worth} }};

/* 1 where all is mended: 0 is what comes of an exception that nothing catches, as of Ctrl-C. */
typedef int symgeo_repair(size_t count, const double *const *arguments, double *values, const double *doubt);

static symgeo_repair *symgeo_repairs;
static int symgeo_within;

void symgeo_set(symgeo_repair *repairs)
{{
    __atomic_store_n(&symgeo_repairs, repairs, __ATOMIC_SEQ_CST);
}}

struct symgeo_part {{
    size_t count;
    const double *arguments[ARGUMENTS];
    double *values, *doubt;
    size_t doubtful;
}};

static void *symgeo_run(void *given)
{{
    struct symgeo_part *part = given;
    part->doubtful = {checked}(part->count, {passed}, part->values, part->doubt);
    return NULL;
}}

static void symgeo_large_pages(void *start, size_t bytes)
{{
#ifdef MADV_HUGEPAGE
    const uintptr_t large = (uintptr_t)1 << 21;
    const uintptr_t first = ((uintptr_t)start + large - 1) & ~(large - 1);
    const uintptr_t end = ((uintptr_t)start + bytes) & ~(large - 1);
    if (bytes >= 2 * large && first < end)
        madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)start;
    (void)bytes;
#endif
}}

/* As many as XLA itself would use. */
static size_t symgeo_threads(XLA_FFI_CallFrame *frame)
{{
    int64_t threads = 1;
    XLA_FFI_ThreadPool_NumThreads_Args asked = {{
        XLA_FFI_ThreadPool_NumThreads_Args_STRUCT_SIZE, NULL, frame->ctx, &threads}};
    XLA_FFI_Error *error = frame->api->XLA_FFI_ThreadPool_NumThreads(&asked);
    if (error != NULL) {{
        XLA_FFI_Error_Destroy_Args gone = {{XLA_FFI_Error_Destroy_Args_STRUCT_SIZE, NULL, error}};
        frame->api->XLA_FFI_Error_Destroy(&gone);
        return 1;
    }}
    return threads < 1 ? 1 : threads < MOST_THREADS ? (size_t)threads : MOST_THREADS;
}}

static size_t symgeo_all(XLA_FFI_CallFrame *frame, size_t count, const double *const *arguments, double *values,
                         double *doubt)
{{
    struct symgeo_part parts[MOST_THREADS];
    pthread_t threads[MOST_THREADS];
    int started[MOST_THREADS] = {{0}};
    const size_t size = COMPONENTS > 0 ? COMPONENTS : 1;
    size_t most = count / (WORTH_A_THREAD / size + 1) + 1, total = 0;
    const size_t threads_there = most > 1 ? symgeo_threads(frame) : 1;
    if (most > threads_there)
        most = threads_there;
    for (size_t i = 0; i < most; ++i) {{
        const size_t first = count / most * i, end = i + 1 < most ? count / most * (i + 1) : count;
        parts[i].count = end - first;
        for (size_t j = 0; j < ARGUMENTS; ++j)
            parts[i].arguments[j] = arguments[j] + first * (j == 0 ? COORDINATES : 1);
        parts[i].values = values + first * COMPONENTS;
        parts[i].doubt = doubt + first;
        if (i + 1 < most)
            started[i] = !pthread_create(&threads[i], NULL, symgeo_run, &parts[i]);
        if (!started[i])
            symgeo_run(&parts[i]);
    }}
    for (size_t i = 0; i < most; ++i) {{
        if (started[i])
            pthread_join(threads[i], NULL);
        total += parts[i].doubtful;
    }}
    return total;
}}

/* How many calls are in Python; none begins after symgeo_set(NULL). */
int symgeo_in_python(void)
{{
    return __atomic_load_n(&symgeo_within, __ATOMIC_SEQ_CST);
}}

static int symgeo_mend(size_t count, const double *const *arguments, double *values, const double *doubt)
{{
    __atomic_add_fetch(&symgeo_within, 1, __ATOMIC_SEQ_CST);
    symgeo_repair *repairs = __atomic_load_n(&symgeo_repairs, __ATOMIC_SEQ_CST);
    const int failed = repairs == NULL || repairs(count, arguments, values, doubt) != 1;
    __atomic_sub_fetch(&symgeo_within, 1, __ATOMIC_SEQ_CST);
    return failed;
}}

static XLA_FFI_Error *symgeo_error(const XLA_FFI_Api *api, const char *message, XLA_FFI_Error_Code code)
{{
    XLA_FFI_Error_Create_Args error = {{XLA_FFI_Error_Create_Args_STRUCT_SIZE, NULL, message, code}};
    return api->XLA_FFI_Error_Create(&error);
}}

XLA_FFI_Error *symgeo_handler(XLA_FFI_CallFrame *frame)
{{
    for (XLA_FFI_Extension_Base *e = frame->extension_start; e != NULL; e = e->next)
        if (e->type == XLA_FFI_Extension_Metadata) {{
            XLA_FFI_Metadata *metadata = ((XLA_FFI_Metadata_Extension *)e)->metadata;
            metadata->api_version.major_version = XLA_FFI_API_MAJOR;
            metadata->api_version.minor_version = XLA_FFI_API_MINOR;
            return NULL;
        }}
    const double *arguments[ARGUMENTS];
    for (int j = 0; j < ARGUMENTS; ++j)
        arguments[j] = ((XLA_FFI_Buffer *)frame->args.args[j])->data;
    const XLA_FFI_Buffer *theta = frame->args.args[0];
    double *values = ((XLA_FFI_Buffer *)frame->rets.rets[0])->data;
    size_t count = 1;
    for (int64_t i = 0; i + 1 < theta->rank; ++i)
        count *= (size_t)theta->dims[i];
    if (count == 0 || COMPONENTS == 0)
        return NULL;
    double *doubt = calloc(count, sizeof(double));
    if (doubt == NULL)
        return symgeo_error(frame->api, "symgeo: out of memory", XLA_FFI_Error_Code_RESOURCE_EXHAUSTED);
    symgeo_large_pages(values, count * COMPONENTS * sizeof(double));
    const int failed = symgeo_all(frame, count, arguments, values, doubt)
                       && symgeo_mend(count, arguments, values, doubt);
    free(doubt);
    return failed ? symgeo_error(frame->api, "symgeo: points that doubles do not decide could not be computed with "
                                 "more digits; the error is printed above", XLA_FFI_Error_Code_INTERNAL)
                  : NULL;
}}
"""

_REPAIR = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_size_t, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p, ctypes.c_void_p
)
# By the name of the target: what it computes, and what XLA may call as long as Python runs.
_REGISTERED: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}


def xla_target(kernel: Kernel) -> str:
    """The name of an FFI target of the platform "cpu" that computes a kernel.

    Operands: theta (..., n) and the extras, (...) each, float64; result (..., *shape), float64. Two kernels of one text
    have one name, in every process. Raises as `c_lambdify`.
    """
    import jax

    text = handler_text(kernel)
    name = f"symgeo_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    meaning = (kernel.coordinates, kernel.extras, kernel.shape, kernel.expressions, kernel.conditions, kernel.bounded)
    while name in _REGISTERED and _REGISTERED[name][0] != meaning:
        name += "_"  # what the text writes alike, as 0.1 and 1/10, may differ in its exact value
    if name not in _REGISTERED:
        library = shared_library(text, ("-pthread", f"-I{jax.ffi.include_dir()}"))
        repair = _REPAIR(_repair_of(kernel))
        library.symgeo_set.argtypes, library.symgeo_set.restype = [_REPAIR], None
        library.symgeo_set(repair)
        jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(library.symgeo_handler), platform="cpu")
        if not _REGISTERED:
            atexit.register(_leave_python)
        _REGISTERED[name] = (meaning, (library, repair))
    return name


def _leave_python() -> None:
    """Let no thread of XLA be in Python, nor enter it, when the interpreter ends: it would wait for ever."""
    libraries = [library for _, (library, _) in _REGISTERED.values()]
    for library in libraries:
        library.symgeo_set(_REPAIR())
    while any(library.symgeo_in_python() for library in libraries):
        time.sleep(1e-3)


def handler_text(kernel: Kernel) -> str:
    """The source of the checked function and of the handler that calls it."""
    extras = len(kernel.extras)
    passed = ["part->arguments[0]", *(f"part->arguments[{j}], 1" for j in range(1, extras + 1))]
    handler = _HANDLER.format(
        arguments=extras + 1,
        coordinates=len(kernel.coordinates),
        components=math.prod(kernel.shape),
        worth=_WORTH_A_THREAD,
        checked=CHECKED,
        passed=", ".join(passed),
    )
    return "#define _DEFAULT_SOURCE\n" + checked_text(kernel) + handler


def _repair_of(kernel: Kernel) -> Callable[..., int]:
    """What the handler calls with addresses: 1 when the values of the points in doubt are mended."""
    import numpy as np

    signature = function_signature(kernel)
    repair = Repair(kernel, signature, kernel.program, execute_checked, block_length)
    n = len(kernel.coordinates)

    def array(address: int, *shape: int) -> np.ndarray:
        size = math.prod(shape)
        return np.ctypeslib.as_array((ctypes.c_double * size).from_address(address)).reshape(shape)

    def mend(count: int, addresses: Any, values: int, doubt: int) -> int:
        try:
            points = array(addresses[0], count, n) if n else np.zeros((count, 0))
            extras = {k: array(addresses[j], count) for j, k in enumerate(signature.extras.values(), 1)}
            doubtful = array(doubt, count).nonzero()[0]
            repair(array(values, count, *kernel.shape), doubtful, points, extras)
        except Exception:  # no exception passes through C
            import traceback

            traceback.print_exc()
            return 0
        return 1

    return mend
