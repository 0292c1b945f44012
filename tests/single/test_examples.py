"""The example jobs: of their schemas, with commands that d2l-train takes."""

import copy
import json
import re
import shlex
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from d2l.train.__main__ import parsed

EXAMPLES = Path('examples')
MANIFESTS = 'pytorchjob', 'jobset'


def manifest(name):
    return yaml.safe_load((EXAMPLES / f'{name}.yaml').read_text())


def errors(name, found):
    """Return what the schema of the custom resource says of a manifest."""
    schema = json.loads(Path(f'tests/single/schemas/{name}.json').read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.json_path for error in
            jsonschema.Draft202012Validator(schema).iter_errors(found)]


def containers(node):
    """Yield the containers in a manifest, with the pods that they are in."""
    if isinstance(node, dict):
        for container in node.get('containers', ()):
            yield node, container
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from containers(child)


@pytest.mark.parametrize('name', MANIFESTS)
def test_a_manifest_is_what_its_schema_wants(name):
    found = manifest(name)
    assert errors(name, found) == []
    (pod, container), = containers(found)
    volumes = {volume['name'] for volume in pod['volumes']}
    assert {mount['name'] for mount in container['volumeMounts']} == volumes
    # A slip is seen.
    slips = [('nodes', 2), ('kind', 'Job')]
    for key, value in slips:
        wrong = copy.deepcopy(found)
        wrong['spec' if key == 'nodes' else key] = (
            found['spec'] | {key: value} if key == 'nodes' else value)
        assert errors(name, wrong)
    container['comand'] = container.pop('command')
    assert len(errors(name, found)) == 1


def commands():
    """Yield each example's name and its arguments after `d2l-train`."""
    for name in MANIFESTS:
        (_, container), = containers(manifest(name))
        yield name, container['command']
    script = (EXAMPLES / 'slurm.sbatch').read_text()
    yield 'slurm', shlex.split(
        script[script.index('srun'):].replace('\\\n', ' '))


@pytest.mark.parametrize('name, command', commands())
def test_d2l_train_takes_the_command(name, command):
    program = {'d2l-train', 'd2l.train'} & {*command}
    options = parsed(command[command.index(*program) + 1:])
    assert options.resume       # a job that is started again goes on
    assert options.batch_size % 8 == 0      # its GPUs share it


def test_slurm_takes_the_script():
    """Bash reads it; every line for Slurm is one, before the first command."""
    file = EXAMPLES / 'slurm.sbatch'
    subprocess.run(['bash', '-n', file], check=True)
    head, _, _ = file.read_text().partition('\n\n')
    wanted = {'job-name', 'nodes', 'ntasks-per-node', 'gpus-per-node',
              'cpus-per-task', 'time', 'requeue', 'output'}
    lines = re.findall(r'^#SBATCH --([a-z-]+)(=\S+)?$', head, re.MULTILINE)
    assert {name for name, _ in lines} == wanted
    assert len(lines) == file.read_text().count('SBATCH ')
