"""What the machine offers, as far as frameworks do not find it themselves."""

import ctypes
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from d2l.core.cpu import uses

# Of glibc's malloc.h: the parameter, its value in `kept_memory`, its default.
TRIM_THRESHOLD = -1, -1, 128 * 1024     # bytes; -1 for never
TOP_PAD = -2, 256 * 1024**2, 128 * 1024     # bytes
MMAP_MAX = -4, 0, 65536     # blocks
ARENA_MAX = -8, 1, 0        # 0 for several a core


def num_cores() -> int | None:
    """Return how many cores this process may use, None if not known.

    Physical ones: hyper-threads do not count.
    """
    if not hasattr(os, 'sched_getaffinity'):
        return None
    siblings = [Path(f'/sys/devices/system/cpu/cpu{i}/topology/'
                     f'thread_siblings_list') for i in os.sched_getaffinity(0)]
    if not all(file.exists() for file in siblings):
        return None
    return len({file.read_text() for file in siblings})


def num_bytes() -> float:
    """Return how many bytes of memory this process may use.

    Infinity where it is not known.
    """
    known = [float('inf')]
    if hasattr(os, 'sysconf'):
        known.append(os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE'))
    limit = Path('/sys/fs/cgroup/memory.max')       # of a container
    if limit.exists() and limit.read_text().strip().isdecimal():
        known.append(int(limit.read_text()))
    return min(known)


def use_all_cores() -> None:
    """Let MXNet, which is imported after this call, use every core.

    It takes two processors of a machine for one core, as they are where
    cores have hyper-threads, and so leaves half of the other machines idle.
    """
    cores = num_cores()
    if cores and 'OMP_NUM_THREADS' not in os.environ:
        if 'mxnet' not in sys.modules:
            os.environ['OMP_NUM_THREADS'] = str(cores)
        elif cores > ((os.cpu_count() or 1) // 2 or 1):
            warnings.warn(f'MXNet was imported before d2l and uses half of '
                          f'the {cores} cores. To train faster, import d2l '
                          f'first, or set OMP_NUM_THREADS={cores}.',
                          stacklevel=2)


def has_native_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16, if Linux says so."""
    info = Path('/proc/cpuinfo')
    return info.exists() and 'avx512_bf16' in info.read_text().split()


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep freed memory for the next step, and give it back at the end.

    By default glibc gives large blocks back to the system at once and gets
    them anew, zeroed page by page: up to a quarter of a training step.
    """
    if platform.libc_ver()[0] != 'glibc' or not uses('memory'):
        yield
        return
    libc = ctypes.CDLL(None)
    settings = TRIM_THRESHOLD, TOP_PAD, MMAP_MAX, ARENA_MAX
    for parameter, value, _ in settings:
        libc.mallopt(parameter, value)
    try:
        yield
    finally:
        for parameter, _, default in settings:
            libc.mallopt(parameter, default)
        libc.malloc_trim(0)
