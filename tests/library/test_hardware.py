"""What is asked of the machine: cores, memory, memory kept between steps."""

import os
import platform
import sys

import numpy as np
import pytest

from d2l.core import hardware


def test_there_are_cores_and_memory():
    cores = hardware.num_cores()
    assert cores is None or 1 <= cores <= os.cpu_count()
    assert hardware.num_bytes() > 2**28


def page_faults():
    """Return how often memory is had anew while large arrays come and go."""
    import resource
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.full(10**7, 1.)      # 80 MB: more than malloc keeps
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_memory_is_kept_and_given_back():
    with hardware.kept_memory():
        page_faults()
        kept = page_faults()
    if platform.libc_ver()[0] == 'glibc':
        assert 10 * kept < page_faults()


@pytest.mark.parametrize('chosen, already, expected', [
    (None, False, '3'), ('1', False, '1'), ('1', True, '1')])
def test_mxnet_uses_every_core(monkeypatch, chosen, already, expected):
    environment = {'OMP_NUM_THREADS': chosen} if chosen else {}
    monkeypatch.setattr(os, 'environ', environment)
    monkeypatch.setattr(hardware, 'num_cores', lambda: 3)
    monkeypatch.delitem(sys.modules, 'mxnet', raising=False)
    if already:
        monkeypatch.setitem(sys.modules, 'mxnet', np)
    hardware.use_all_cores()
    assert environment['OMP_NUM_THREADS'] == expected


def test_says_that_mxnet_came_first(monkeypatch):
    monkeypatch.setattr(os, 'environ', {})
    monkeypatch.setattr(os, 'cpu_count', lambda: 4)
    monkeypatch.setattr(hardware, 'num_cores', lambda: 4)
    monkeypatch.setitem(sys.modules, 'mxnet', np)
    with pytest.warns(UserWarning, match='set OMP_NUM_THREADS=4'):
        hardware.use_all_cores()
