"""Every page: for everybody, on any screen, and from this host alone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PAGES = ['index', 'chapter_resnet/index', 'chapter_resnet/background',
         'chapter_resnet/resnet', 'chapter_resnet/inspect',
         'chapter_resnet/why-residual',
         'chapter_resnet/variants',
         'chapter_resnet/cnn-design', 'chapter_resnet/interchange',
         'chapter_resnet/howto', 'chapter_resnet/glossary',
         'chapter_resnet/references', 'api/index', 'api/common', 'api/torch',
         'api/jax', 'api/tensorflow', 'api/mxnet']


def test_all_pages_are_here(site):
    found = {str(file.relative_to(site).with_suffix(''))
             for file in site.rglob('*.html')}
    assert found - {'genindex', 'py-modindex', 'search'} == set(PAGES)


ONE_OF_A_KIND = ['index', 'chapter_resnet/resnet', 'api/torch']


@pytest.mark.parametrize('scheme, width, names', [
    ('light', 1280, PAGES), ('dark', 360, PAGES),
    ('dark', 1280, ONE_OF_A_KIND), ('light', 360, ONE_OF_A_KIND)])
def test_axe_finds_nothing(page, address, scheme, width, names):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({'width': width, 'height': 800})
    found = []
    for name in names:
        page.goto(f'{address}/{name}.html')
        for violation in Axe().run(page).response['violations']:
            found += [f'{name}: {violation["id"]}: {node["html"]}'
                      for node in violation['nodes']]
    assert not found, '\n'.join(found)


@pytest.mark.parametrize('name', PAGES)
def test_the_policy_is_kept(page, address, name):
    """Nothing from another host, no inline script, no inline style."""
    said, asked = [], []
    page.on('console', lambda message: said.append(message.text))
    page.on('request', lambda request: asked.append(request.url))
    page.on('requestfailed', lambda request: said.append(request.url))
    page.goto(f'{address}/{name}.html', wait_until='networkidle')
    policy = page.locator('meta[http-equiv=Content-Security-Policy]')
    assert policy.get_attribute('content').startswith("default-src 'self'")
    assert 'unsafe' not in policy.get_attribute('content')
    assert not said
    assert len(asked) > 3
    assert all(url.startswith((address, 'data:')) for url in asked)
    assert page.locator('[style]').count() == 0


@pytest.mark.parametrize('name', PAGES)
def test_nothing_sticks_out_of_a_narrow_screen(page, address, name):
    page.set_viewport_size({'width': 320, 'height': 800})
    page.goto(f'{address}/{name}.html')
    assert page.evaluate('document.documentElement.scrollWidth') <= 320


@pytest.mark.parametrize('width', [1280, 390])
def test_the_page_is_light_and_stands_still(page, address, width):
    """Below 900 KB before the reader does anything, and no layout shift."""
    page.set_viewport_size({'width': width, 'height': 800})
    client = page.context.new_cdp_session(page)
    client.send('Network.enable')
    sizes = []
    client.on('Network.loadingFinished',
              lambda event: sizes.append(event['encodedDataLength']))
    page.add_init_script('''
        window.shift = 0;
        new PerformanceObserver(list => {
          for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({type: "layout-shift", buffered: true});''')
    page.goto(f'{address}/chapter_resnet/resnet.html',
              wait_until='networkidle')
    assert 100e3 < sum(sizes) < 900e3
    assert page.evaluate('window.shift') < 0.02
