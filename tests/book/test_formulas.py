"""Formulas become MathML, those of any author."""

import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from book.content.formulas import FormulaError, convert
from conftest import book, build, html_of, write_section

MATHML = '{http://www.w3.org/1998/Math/MathML}'
TWO_LINES = [
    r'\begin{aligned} a &= b \\ &= c \end{aligned}',
    r'\begin{align} a &= b \\ &= c \end{align}',
    r'\begin{align*} a &= b \\ &= c \end{align*}',
    r'\begin{gather} a = b \\ c = d \end{gather}',
    r'\begin{gathered} a = b \\ c = d \end{gathered}',
    r'\begin{alignedat}{2} a &= b \\ &= c \end{alignedat}',
    r'\begin{split} a &= b \\ &= c \end{split}',
    r'f = \begin{cases} 1 & x > 0 \\ 0 & \text{else} \end{cases}',
    r'f = \begin{dcases} 1 & x > 0 \\ 0 & \text{else} \end{dcases}',
    r'\begin{bmatrix} a & b \\ c & d \end{bmatrix}',
    r'\begin{array}{l|r} a & b \\ c & d \end{array}']
MARKS = [r'\hat{x} \bar y \tilde w \vec v', r'\overbrace{a + b}^{n}',
         r'\underbrace{a + b}_{n}', r'\boxed{a = b} \fbox{a}',
         r'\widehat{AB} \overline{AB} \underline{A}',
         r"f'(x) \sqrt[3]{x} \mathbb{E}[\mathbf{X}]",
         r'\sum_{i=1}^n \lim_{n \to \infty} \int_0^1',
         r'\underset{x}{\mathrm{argmin}} \stackrel{\mathrm{def}}{=}',
         r'\left\| \frac{\partial f}{\partial x} \right\|_2 \quad \!',
         r'\color{red}{x} \boldsymbol\theta \mathcal{O}(n)',
         r'\big( \Bigg| \xrightarrow[a]{b} \not= \mid \textbf{굵게}']


def test_the_limit_of_an_operator_stands_below_it(page):
    page.set_content(convert(r'x = \operatorname*{argmax}_{t} f(t)', 'block'))
    operator, limit = page.locator('math munder > *').evaluate_all(
        'parts => parts.map(part => part.getBoundingClientRect().toJSON())')
    assert limit['top'] >= operator['bottom'] - 1
    middles = [box['x'] + box['width'] / 2 for box in (operator, limit)]
    assert abs(middles[0] - middles[1]) < 2


@pytest.mark.parametrize('formula', TWO_LINES)
def test_lines_are_the_rows_of_a_table(formula):
    math = ElementTree.fromstring(convert(formula, 'block'))
    assert math.tag == f'{MATHML}math' and math.get('display') == 'block'
    assert len(math.findall(f'.//{MATHML}mtr')) == 2
    text = ''.join(math.itertext())
    assert '&' not in text and '\\' not in text
    assert all(node.tag.startswith(MATHML) for node in math.iter())


def test_text_stands_between_lines():
    math = ElementTree.fromstring(convert(
        r'\begin{align} a &= b \\ \intertext{이므로} &= c \end{align}',
        'block'))
    rows = [''.join(row.itertext()) for row in math.iter(f'{MATHML}mtr')]
    assert rows == ['a=b', '이므로', '=c']


@pytest.mark.parametrize('formula', TWO_LINES + MARKS)
def test_a_formula_has_no_inline_style(formula):
    """The page's policy would drop it."""
    math = ElementTree.fromstring(convert(formula, 'block'))
    assert not [node for node in math.iter() if node.get('style')]


def test_colours_strokes_and_boxes_stay():
    assert 'mathcolor="#ff0000"' in convert(r'\color{red}{x}')
    assert convert(r'\overline{A}').count('<mover><mi>A</mi><mo') == 1
    assert convert(r'\underline{A}').count('<munder><mi>A</mi><mo') == 1
    assert 'class="tml-box"' in convert(r'\boxed{x}')


@pytest.mark.parametrize('formula', [r'\frac{1}{', r'\nosuch x', 'a & b',
                                     r'\begin{aligned} a', 'x_1_2',
                                     r'\cancel{x}'])
def test_a_wrong_formula_is_an_error(formula):
    with pytest.raises(FormulaError) as error:
        convert(formula)
    assert formula in str(error.value) and '<eval>' not in str(error.value)


def test_all_wrong_formulas_are_named_in_every_build(built_book):
    good = html_of(built_book)
    write_section(built_book, 'print(x + 1)', '''
식 $\\frac{1}{$입니다.

$$\\nosuch x$$

식 $y$입니다.
''')
    for _ in range(2):
        result = build(built_book)
        assert result.returncode != 0
        source = (built_book / 'chapter_resnet/x.md').read_text()
        for part in r'$\frac{1}{$', r'$\nosuch x$':
            [line] = [line for line in result.stdout.splitlines()
                      if part in line]
            place = source.count('\n', 0, source.index(part)) + 1
            assert f'chapter_resnet/x.md:{place}:' in line
        assert 'Traceback' not in result.stdout
    assert html_of(built_book) == good


def test_every_format_shows_them(built_book):
    write_section(built_book, 'print(x + 1)', '\n(**식입니다.**)\n' + ''.join(
        f'\n$${formula}$$\n' for formula in TWO_LINES + MARKS))
    for command in ['html'], ['epub', '--tab', 'pytorch'], ['slides']:
        result = book(built_book, *command)
        assert result.returncode == 0, result.stdout
    assert html_of(built_book).count('<math ') == len(TWO_LINES + MARKS)
    [deck] = (built_book / '_build/slides').rglob('*-pytorch.html')
    assert deck.read_text().count('<mtable') >= len(TWO_LINES)
    [epub] = (built_book / '_build/epub').glob('*.epub')
    program = shutil.which('epubcheck')
    assert program, 'Install epubcheck: apt install epubcheck'
    result = subprocess.run(['java', '-jar', program, '--failonwarnings',
                             epub], text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize('formula', [r'\hat{\mu}', r'\bar x', r'\tilde{w}',
                                     r'\dot y', r'\hat{\mathbf{y}}'])
def test_an_accent_is_close_to_its_letter(page, formula):
    """Not a script above it: the pair is hardly higher than the letter."""
    page.set_content('<style>math { font-size: 100px }</style>'
                     + convert(formula) + convert('b'))
    pair, letter = (box['height'] for box in page.locator(
        'mover, math:last-of-type > mi').evaluate_all(
        'all => all.map(each => each.getBoundingClientRect().toJSON())'))
    assert letter * 0.5 < pair < letter * 1.35
