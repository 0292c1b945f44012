"""Images of any kind, in any folder, are placed by what their files say."""

import importlib.util
import shutil
import subprocess

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from book.pages.images import size_of
from conftest import book, build, html_of, write_section

SVG = '<svg xmlns="http://www.w3.org/2000/svg" {}><path d="M0 0"/></svg>'


@pytest.mark.parametrize('attributes, size', [
    ('width="72pt" height="36pt"', (96, 48)),
    ('viewBox="0 0 20 10"', (20, 10)),
    ('viewBox="0,0,20,10" width="100%" height="100%"', (20, 10)),
    ('viewBox="0 0 20 10" width="40"', (40, 20)),
    ('viewBox="0 0 20 10" height=" 1in "', (192, 96)),
    ("width='25.4mm' height='2.54cm'", (96, 96)),
    ('width="2em" height="10px"', (32, 10)),
    ('stroke-width="9" width="1e2" height="5"', (100, 5)),
    ('', (300, 150))])
def test_an_svg_says_its_size(tmp_path, attributes, size):
    path = tmp_path / 'x.svg'
    path.write_text('<!-- width="1" height="1" -->' + SVG.format(attributes))
    assert size_of(path) == pytest.approx(size)


def test_a_label_stands_in_the_middle_of_its_box(tmp_path):
    """Also for rsvg, which draws the figures of the PDF."""
    shutil.copy('img/draw.py', tmp_path)
    spec = importlib.util.spec_from_file_location('draw',
                                                  tmp_path / 'draw.py')
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    figure = draw.Figure(200, 100, '')
    figure.text(100, 50, 'HHH')
    figure.save('label.svg')
    subprocess.run(['rsvg-convert', '--output', tmp_path / 'label.png',
                    tmp_path / 'label.svg'], check=True)
    with Image.open(tmp_path / 'label.png') as image:
        ink = image.convert('L').point(lambda light: 255 * (light < 128))
        _, top, _, bottom = ink.crop((20, 20, 180, 80)).getbbox()
    assert abs((top + bottom) / 2 + 20 - 50) <= 1.5


@pytest.mark.parametrize('kind', ['png', 'jpeg', 'gif', 'webp'])
def test_a_bitmap_says_its_size(tmp_path, kind):
    Image.new('RGB', (7, 5)).save(tmp_path / f'x.{kind}')
    assert size_of(tmp_path / f'x.{kind}') == (7, 5)


@pytest.mark.parametrize('content', [b'', b'no', b'<html/>', b'\x89PNG'])
def test_what_is_no_image_says_so(tmp_path, content):
    path = tmp_path / 'x.png'
    path.write_bytes(content)
    with pytest.raises(ValueError):
        size_of(path)


def test_images_are_on_the_page(built_book):
    folder = built_book / 'chapter_resnet/그림 모음'
    folder.mkdir()
    Image.new('RGB', (7, 5)).save(folder / 'a b.png')
    Image.new('RGB', (9, 5)).save(folder / 'c.webp')
    (folder / 'd.svg').write_text(SVG.format('viewBox="0 0 20 10"'))
    write_section(
        built_book, 'from PIL import Image\nImage.new("RGB", (8, 6))', '''
![빈칸](<그림 모음/a b.png>)
:label:`fig_a`

![그림은 :numref:`sec_x`의 $x$입니다.](<그림 모음/c.webp>)

![](<그림 모음/d.svg>)
''')
    result = build(built_book)
    assert result.returncode == 0, result.stdout
    images = BeautifulSoup(html_of(built_book), 'html.parser')('img')
    assert [(image['alt'], image['width'], image['height'])
            for image in images if 'loading' in image.attrs
            and '/dark/' not in image['src']] == [
        ('위의 코드가 그린 그림', '8', '6'), ('빈칸', '7', '5'),
        ('그림은 1절의 x입니다.', '9', '5'), ('', '20', '10')]
    result = book(built_book, 'epub', '--tab', 'pytorch')
    assert result.returncode == 0, result.stdout


def test_wrong_files_are_named(built_book):
    (built_book / 'img/no.png').write_text('no')
    for file, said in [('no.png', 'no.png is no image'),
                       ('missing.png', 'missing.png')]:
        write_section(built_book, 'print(x + 1)',
                      f'\n![그림](../img/{file})\n')
        result = build(built_book)
        assert result.returncode != 0 and 'Traceback' not in result.stdout
        [line] = [line for line in result.stdout.splitlines() if said in line]
        place = (built_book / 'chapter_resnet/x.md').read_text().split(
            '\n').index(f'![그림](../img/{file})') + 1
        assert f'chapter_resnet/x.md:{place}:' in line
