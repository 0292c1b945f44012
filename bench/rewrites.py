"""What each operation in another form is worth: `python bench/rewrites.py`.

Whole training steps (ResNet-18 at 96×96), by turns: with all of them, without
one, with none, with that one alone. D2L_WITHOUT switches them; what is less
than 3 % either way is not worth its lines.
"""

import argparse
import json
import statistics
from contextlib import ExitStack

from tqdm import tqdm

import report
from compare import SETTLING, WorkerProcess
from d2l.core.cpu import REWRITES
from report import RESULTS


def gains(framework, name, repeats):
    """Return, round by round, what one is worth: in company, and alone."""
    names = REWRITES[framework].keys()
    left_out = {'all': (), 'without': {name}, 'none': names,
                'alone': names - {name}}
    with ExitStack() as stack:
        processes = {}
        for who, without in left_out.items():
            processes[who] = process = stack.enter_context(WorkerProcess(
                framework, 'd2l', 'float32',
                {'D2L_WITHOUT': ','.join(without)}))
            process.read()
            for _ in range(SETTLING):
                process.rate('epoch')
        rounds = [{who: process.rate('epoch')
                   for who, process in processes.items()}
                  for _ in tqdm(range(repeats), f'{framework}: {name}')]
    return {'in company': [r['all'] / r['without'] for r in rounds],
            'alone': [r['alone'] / r['none'] for r in rounds],
            'all': [r['all'] / r['none'] for r in rounds]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(':')[0])
    parser.add_argument('--framework', choices=REWRITES, action='append')
    parser.add_argument('--repeats', type=int, default=5)
    arguments = parser.parse_args()
    file = RESULTS / 'rewrites.json'
    RESULTS.mkdir(parents=True, exist_ok=True)
    results = json.loads(file.read_text()) if file.exists() else {}
    for framework in arguments.framework or REWRITES:
        results[framework] = {
            name: gains(framework, name, arguments.repeats)
            for name in REWRITES[framework]}
        file.write_text(json.dumps(results, indent=1))
        for name, worth in results[framework].items():
            print(framework, name, *(
                f'{kind} {statistics.median(ratios):.2f}'
                for kind, ratios in worth.items()))
    report.main()


if __name__ == '__main__':
    main()
