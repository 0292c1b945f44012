"""Two hosts train together; one of them is lost, and the job goes on.

`python bench/two_hosts.py kill` (or `cut`), as root on Linux: two network
namespaces, joined by a pair of virtual Ethernet devices, are the hosts.
torchrun starts a process on each, which meet by its c10d rendezvous. In the
middle of an epoch every process of the second host is killed, or its link is
cut. torchrun's agent on the first starts its process again, which goes on
from the last checkpoint, alone. What is printed in the end: the steps since
that checkpoint, which were computed twice, and the time until the next step.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOSTS = {'d2l-host-1': '10.87.0.1', 'd2l-host-2': '10.87.0.2'}
EPOCHS, STEPS = 8, 20       # an epoch's
LOST_AFTER = 3.5 * STEPS    # steps: in the middle of the fourth epoch
SILENCE = 10                # seconds without a word, and a host counts as lost


def train(folder):
    """Train on this host's part, and write down when each step begins."""
    sys.path.append(str(ROOT))
    from datetime import timedelta

    import numpy as np
    from torch import distributed

    from d2l import torch as d2l

    distributed.init_process_group('gloo', timeout=timedelta(seconds=SILENCE))

    class Data(d2l.DataModule):
        batch_size = 32

        def get_dataloader(self, train):
            rng = np.random.default_rng(0)
            X = rng.normal(size=(STEPS * 32, 1, 32, 32)).astype('float32')
            return self.get_tensorloader(
                (X, np.arange(len(X)) % 10), train,
                slice(None) if train else slice(0, 64))

    class Trainer(d2l.Trainer):
        def train_step(self, batch):
            with open(Path(folder, os.environ['HOST']), 'a') as file:
                print(json.dumps([time.time(), self.train_batch_idx,
                                  self.job.size]), file=file)
            return super().train_step(batch)

    Trainer.seed(0)
    Trainer(EPOCHS, checkpoint_dir=folder, resume=True,
            sync_batch_norm=True).fit(d2l.ResNet(((1, 64),), lr=0.05), Data())


@contextlib.contextmanager
def hosts():
    """Make the two hosts and the link between them; remove them afterwards."""
    def ip(*arguments):
        subprocess.run(['ip', *arguments], check=True)

    one, two = HOSTS
    try:
        for host in HOSTS:
            ip('netns', 'add', host)
            ip('-n', host, 'link', 'set', 'lo', 'up')
        ip('-n', one, 'link', 'add', 'link0', 'type', 'veth', 'peer', 'name',
           'link0', 'netns', two)
        for host, address in HOSTS.items():
            ip('-n', host, 'address', 'add', f'{address}/24', 'dev', 'link0')
            ip('-n', host, 'link', 'set', 'link0', 'up')
        yield
    finally:
        for host in HOSTS:
            kill_all(host)
            subprocess.run(['ip', 'netns', 'delete', host], check=False)


def kill_all(host):
    """Kill every process of a host, as a loss of power does."""
    listed = subprocess.run(['ip', 'netns', 'pids', host], text=True,
                            stdout=subprocess.PIPE).stdout
    for pid in listed.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def start(host, folder):
    """Start torchrun on a host."""
    master, *_ = HOSTS.values()
    is_first = HOSTS[host] == master
    with open(Path(folder, f'{host}.log'), 'w') as log:
        return subprocess.Popen(
            ['ip', 'netns', 'exec', host, sys.executable, '-m',
             'torch.distributed.run', '--nnodes=1:2', '--nproc-per-node=1',
             '--max-restarts=3', '--rdzv-backend=c10d',
             f'--rdzv-endpoint={master}:29400', '--rdzv-id=two-hosts',
             f'--rdzv-conf=last_call_timeout=3,is_host={int(is_first)}',
             f'--local-addr={HOSTS[host]}',
             __file__, 'train', folder],
            stdout=log, stderr=subprocess.STDOUT, env=os.environ | {
                'GLOO_SOCKET_IFNAME': 'link0', 'HOST': host,
                'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'})


def steps(folder, host):
    """Return what a host has written: when, which step, how many together."""
    with contextlib.suppress(FileNotFoundError):
        return [json.loads(line) for line in
                Path(folder, host).read_text().splitlines()]
    return []


def main(fault):
    one, two = HOSTS
    with tempfile.TemporaryDirectory() as folder, hosts():
        first, second = (start(host, folder) for host in HOSTS)
        while not any(step > LOST_AFTER for _, step, _ in steps(folder, two)):
            if first.poll() is not None or second.poll() is not None:
                sys.exit(Path(folder, f'{one}.log').read_text())
            time.sleep(0.05)
        if fault == 'kill':
            kill_all(two)
        else:
            subprocess.run(['ip', '-n', two, 'link', 'set', 'link0', 'down'],
                           check=True)
        lost_at = time.time()
        print(f'{two} is lost ({fault}).', flush=True)
        code = first.wait(timeout=600)
        done = steps(folder, one)
        log = Path(folder, f'{one}.log').read_text()
    together = [step for _, step, size in done if size == 2]
    alone = [(when, step) for when, step, size in done if size == 1]
    print(log[-2000:] if code or not alone else '\n'.join(
        line for line in log.splitlines()
        if line.startswith(('epoch', 'The training', 'Training'))))
    if code or not alone:
        sys.exit(f'The job did not go on: exit code {code}.')
    when, step = alone[0]
    print(f'Together up to step {max(together)}, alone from step {step} to '
          f'{alone[-1][1]} of {EPOCHS * STEPS - 1}: '
          f'{max(together) + 1 - step} steps begun since the checkpoint were '
          f'lost and computed again, {when - lost_at:.0f} seconds went by.')


if __name__ == '__main__':
    if sys.argv[1:2] == ['train']:
        train(sys.argv[2])
    elif sys.argv[1:] in (['kill'], ['cut']) and os.geteuid() == 0:
        main(sys.argv[1])
    else:
        sys.exit(__doc__)
