"""The tables and pictures of `README.md`, from the results of the benches."""

import json
import platform
import statistics
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

from book.frameworks import BY_MODULE
from d2l.core.cpu import REWRITES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = ROOT / '_build' / 'bench'
MACHINES = HERE / 'machines.json'   # medians: a run adds its machine's
OURS = {'bfloat16': 'auto', 'float32': 'float32'}   # precision -> worker
# Training takes three times the multiply-adds of a prediction: forward, and
# backward to the inputs and to the weights.
FLOPS_AN_IMAGE = 3 * 2 * 318.66e6      # d2l.layer_costs counts the latter


def rates(results, framework, name):
    return results[framework]['training'].get(name, {}).get('epoch')


def ratio(mine, others):
    """Return the median ratio, round by round."""
    return statistics.median(a / b for a, b in zip(mine, others, strict=True))


def training_table(results):
    rows = [['', 'precision', 'd2l 1.0.3', 'ours', 'ratio (lowest, highest)',
             'bare loop', 'ours / bare', 'matrix product',
             'board and metrics']]
    for framework in results:
        peer = rates(results, framework, 'd2l 1.0.3')
        for precision, name in OURS.items():
            mine = rates(results, framework, name)
            if not mine:
                continue
            gains = results[framework]['training'][name].get(
                'gain when silent')
            bare = rates(results, framework, f'bare {precision}')
            product = statistics.median(rates(
                results, framework, f'matmul {precision}'))
            each = [a / b for a, b in zip(mine, peer, strict=True)]
            rows.append([
                BY_MODULE[framework].name, precision,
                f'{statistics.median(peer):.0f}',
                f'**{statistics.median(mine):.0f}**',
                f'**{ratio(mine, peer):.2f}** '
                f'({min(each):.2f}, {max(each):.2f})',
                f'{statistics.median(bare):.0f}', f'{ratio(mine, bare):.2f}',
                f'{product / FLOPS_AN_IMAGE:.0f}',
                f'{100 * (statistics.median(gains) - 1):+.1f} %'
                if gains else ''])
    return markdown(rows)


def medians(results):
    """Return by framework and precision what a run of the bench reached.

    Images a second: ours, the matrix product's, the bare loop's, d2l 1.0.3's.
    """
    reached = {}
    for framework in results:
        for precision, name in OURS.items():
            of = {'ours': rates(results, framework, name),
                  'matrix product': rates(results, framework,
                                          f'matmul {precision}'),
                  'bare loop': rates(results, framework, f'bare {precision}'),
                  'd2l 1.0.3': rates(results, framework, 'd2l 1.0.3')}
            if of['ours']:
                of['matrix product'] = [rate / FLOPS_AN_IMAGE
                                        for rate in of['matrix product']]
                reached.setdefault(framework, {})[precision] = {
                    what: round(statistics.median(values), 1)
                    for what, values in of.items()}
    return reached


def machines_table(machines):
    """Return how near each machine comes to what it can do."""
    rows = [['', 'precision', 'machine', 'images/s', 'of matrix product',
             'of bare loop', 'of d2l 1.0.3']]
    for framework in BY_MODULE:
        for precision in OURS:
            for number, reached in enumerate(machines.values(), start=1):
                of = reached.get(framework, {}).get(precision)
                if of:
                    rows.append([
                        BY_MODULE[framework].name, precision, str(number),
                        f'{of["ours"]:.0f}',
                        *(f'{of["ours"] / of[what]:{form}}'
                          if of.get(what) else '' for what, form in
                          (('matrix product', '.0%'), ('bare loop', '.2f'),
                           ('d2l 1.0.3', '.2f')))])
    return '\n'.join([*(f'{number}. {name}' for number, name
                        in enumerate(machines, start=1)), '',
                      markdown(rows)])


def rewrites_table(results):
    """Return what each operation in another form is worth."""
    rows = [['', 'form', 'what it does', 'in company', 'alone']]
    for framework, forms in results.items():
        for name, worth in forms.items():
            rows.append([
                BY_MODULE[framework].name, f'`{name}`',
                REWRITES[framework][name],
                *(f'{100 * (statistics.median(worth[kind]) - 1):+.0f} %'
                  for kind in ('in company', 'alone'))])
    return markdown(rows)


def costs_table(results):
    rows = [['', 'first step, s', 'peak memory, GB', 'import, s',
             'data alone, images/s']]
    for framework in results:
        training = results[framework]['training']
        imports = results[framework]['import']
        peer = training['d2l 1.0.3']
        mine = training.get('auto') or training['float32']
        data = [statistics.median(training[name]['data'])
                for name in ('d2l 1.0.3', 'float32')]
        rows.append([
            BY_MODULE[framework].name,
            f'{peer["first_step"]:.1f} → **{mine["first_step"]:.1f}**',
            f'{peer["bytes"] / 1e9:.1f} → **{mine["bytes"] / 1e9:.1f}**',
            f'{imports["d2l 1.0.3"]:.1f} → **{imports["ours"]:.1f}** '
            f'(framework alone {imports["framework"]:.1f})',
            f'{data[0]:,.0f} → **{data[1]:,.0f}**'])
    return markdown(rows)


def precision_table(results):
    rows = [['', 'float32, %', 'bfloat16, %', 'difference of the means']]
    for framework, runs in results.items():
        means = {precision: statistics.mean(accuracies)
                 for precision, accuracies in runs.items()}
        rows.append([
            BY_MODULE[framework].name,
            *(' '.join(f'{value:.2f}' for value in runs[precision])
              + f' (mean {means[precision]:.2f})'
              for precision in ('float32', 'bfloat16')),
            f'{means["bfloat16"] - means["float32"]:+.2f}'])
    return markdown(rows)


def markdown(rows):
    rows = [rows[0], ['---'] * len(rows[0]), *rows[1:]]
    return '\n'.join(f'| {" | ".join(row)} |' for row in rows)


def draw_speed(results, file):
    """Draw images a second: d2l 1.0.3, ours, and the bare loops as lines."""
    plt = pyplot()
    fig, axes = plt.subplots(figsize=(7.2, 3.2))
    kinds = {'d2l 1.0.3': ('#9ca3af', 'd2l 1.0.3'),
             'float32': ('#60a5fa', 'ours, float32'),
             'auto': ('#1d4ed8', 'ours, bfloat16')}
    width = 0.26
    for x, framework in enumerate(results):
        shown = [name for name in kinds if rates(results, framework, name)]
        for i, name in enumerate(shown):
            place = x + (i - (len(shown) - 1) / 2) * width
            values = rates(results, framework, name)
            middle = statistics.median(values)
            axes.bar(place, middle, width * 0.94, color=kinds[name][0])
            axes.vlines(place, min(values), max(values), color='#111827', lw=1)
            axes.text(place, max(values) + 4, f'{middle:.0f}', ha='center',
                      fontsize=8)
            bare = rates(results, framework, {
                'float32': 'bare float32', 'auto': 'bare bfloat16'}.get(name))
            if bare:
                axes.hlines(statistics.median(bare), place - width * 0.47,
                            place + width * 0.47, color='#dc2626', lw=2)
    for color, label in kinds.values():
        axes.bar(0, 0, color=color, label=label)
    axes.plot([], color='#dc2626', lw=2, label='bare loop')
    axes.set(ylabel='images a second', xticks=range(len(results)))
    axes.set_xticklabels([BY_MODULE[framework].name for framework in results])
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    fig.savefig(file, bbox_inches='tight', metadata={'Date': None})
    plt.close(fig)


def draw_growth(results, file):
    """Draw time an image and peak memory against what grows."""
    plt = pyplot()
    labels = {'num': 'images in the data set', 'size': 'height and width',
              'batch_size': 'images a batch', 'epochs': 'epochs'}
    fig, axes = plt.subplots(2, len(labels), figsize=(10, 4.4),
                             sharey='row', sharex='col')
    colors = dict(zip(BY_MODULE, ('#ea580c', '#16a34a', '#2563eb', '#9333ea'),
                      strict=True))
    for column, (axis, label) in enumerate(labels.items()):
        for framework, points in results.items():
            line = sorted((p for p in points if p['axis'] in (axis, 'base')),
                          key=lambda p: p[axis])
            x = [p[axis] for p in line]
            style = dict(color=colors[framework], marker='.',
                         label=BY_MODULE[framework].name)
            axes[0, column].plot(
                x, [1e3 * p['seconds_an_image'] for p in line], **style)
            axes[1, column].plot(x, [p['bytes'] / 1e9 for p in line], **style)
        ticks = sorted({p[axis] for points in results.values()
                        for p in points})
        axes[1, column].set_xlabel(label)
        axes[1, column].set_xticks(ticks, map(str, ticks), rotation=45,
                                   fontsize=7)
    for row in axes:
        row[0].set_ylim(bottom=0)
    axes[0, 0].set_ylabel('ms an image')
    axes[1, 0].set_ylabel('peak memory, GB')
    axes[0, 0].legend(frameon=False, fontsize=8)
    for ax in axes.flat:
        ax.spines[['top', 'right']].set_visible(False)
        ax.grid(alpha=0.3)
    fig.tight_layout()
    fig.savefig(file, metadata={'Date': None})
    plt.close(fig)


def pyplot():
    import matplotlib
    matplotlib.use('svg')
    from matplotlib import pyplot as plt
    plt.rcParams.update({'svg.hashsalt': 'd2l', 'font.size': 9,
                         'savefig.facecolor': 'white'})
    return plt


def machine_line():
    """Name the processor, its cores and what it multiplies natively."""
    info = Path('/proc/cpuinfo').read_text()
    model = info.partition('model name')[2].partition('\n')[0].strip('\t :')
    flags = info.partition('flags')[2].partition('\n')[0].split()
    native = [name for flag, name in
              (('avx512f', 'AVX-512'), ('avx512_bf16', 'AVX-512 bf16'),
               ('amx_bf16', 'AMX bf16')) if flag in flags]
    return (f'{model}, {info.count("processor	")} cores, '
            f'{", ".join(native)}; {platform.system()} {platform.machine()}, '
            f'Python {platform.python_version()}.')


def write(part, content):
    """Put `content` in its place in README.md."""
    file = HERE / 'README.md'
    text = file.read_text()
    start, end = f'<!-- {part} -->\n', f'<!-- /{part} -->'
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    file.write_text(f'{before}{start}\n{content}\n\n{end}{after}')


def main():
    """Write what there are results of."""
    speed, growth = RESULTS / 'results.json', RESULTS / 'growth.json'
    if speed.exists():
        results = json.loads(speed.read_text())
        machines = json.loads(MACHINES.read_text())
        machines.setdefault(machine_line(), {}).update(medians(results))
        MACHINES.write_text(json.dumps(machines, indent=1) + '\n')
        write('machines', machines_table(machines))
        write('machine', machine_line())
        write('training', training_table(results))
        write('costs', costs_table(results))
        draw_speed(results, HERE / 'speed.svg')
    if growth.exists():
        draw_growth(json.loads(growth.read_text()), HERE / 'growth.svg')
    rewrites = RESULTS / 'rewrites.json'
    if rewrites.exists():
        write('rewrites', f'{machine_line()}\n\n' + rewrites_table(
            json.loads(rewrites.read_text())))
    precision = {framework: json.loads(file.read_text())
                 for framework in BY_MODULE
                 if (file := RESULTS / f'precision-{framework}.json').exists()}
    if precision:
        write('precision', precision_table(precision))


if __name__ == '__main__':
    main()
