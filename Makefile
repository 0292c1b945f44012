# Every task. The two that matter: make book, make test.

PYTHON ?= $(or $(shell command -v python3.11),python3)
UV := .tools/bin/uv
# A PyTorch build for the CPU that lies on disk is used where there is one.
UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_FIND_LINKS
# A terminal shows what is being downloaded, a log does not.
INSTALL = $(UV) pip install $(if $(MAKE_TERMERR),,--quiet) --compile-bytecode \
	--overrides requirements/overrides.txt

# Two builds of one commit are the same, to the byte; without git, of 1980.
SOURCE_DATE_EPOCH ?= $(or $(shell git log -1 --format=%ct 2>/dev/null),315532800)
export SOURCE_DATE_EPOCH
LOCK = $(UV) pip compile --quiet --upgrade --generate-hashes --python-version 3.11 \
	--custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help
help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: book
book: export D2L_FAST_DEV_RUN ?= 4
book: env  ## Build the book: _build/html/index.html
	.venv/bin/python -m book html

.PHONY: serve
serve: .venv/.done  ## Serve the pages to this machine ([PORT=8000])
	.venv/bin/python -m book serve $(if $(PORT),--port $(PORT))

.PHONY: pdf epub
pdf epub: export D2L_FAST_DEV_RUN ?= 4
pdf: env  ## Build the PDF of a framework, or of each: _build/pdf ([TAB=jax])
	.venv/bin/python -m book pdf $(if $(TAB),--tab $(TAB))

epub: env  ## Build the EPUB of a framework, or of each: _build/epub ([TAB=jax])
	.venv/bin/python -m book epub $(if $(TAB),--tab $(TAB))

.PHONY: record
record: env  ## Execute notebooks in full and keep their outputs (TAB=jax [SECTION=resnet])
	.venv/bin/python -m book record --tab $(or $(TAB),"") $(if $(SECTION),--section $(SECTION))

.PHONY: verify
verify: export D2L_FAST_DEV_RUN ?= 4
verify: env  ## Compare the recorded outputs with what the code prints now
	.venv/bin/python -m book verify

.PHONY: notebooks
notebooks: export D2L_FAST_DEV_RUN ?= 4
notebooks: env  ## Write the notebooks: a zip, Colab, SageMaker (OUTPUTS=no clears outputs)
	.venv/bin/python -m book notebooks $(if $(filter no,$(OUTPUTS)),--no-outputs)

.PHONY: lab
lab: env  ## Open the sources as notebooks in JupyterLab (TAB=jax)
	.venv/bin/python -m book lab --tab $(or $(TAB),pytorch)

.PHONY: slides
slides: export D2L_FAST_DEV_RUN ?= 4
slides: env  ## Write the slides: _build/slides/*.html (TAB=jax)
	.venv/bin/python -m book slides $(if $(TAB),--tab $(TAB))

.PHONY: site
site: export D2L_FAST_DEV_RUN ?= 4
site: env  ## Build every format for a static host: _build/site
	.venv/bin/python -m book site

.PHONY: check
check: .venv/.done  ## Lint, types, spelling, and the sections' mistakes
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/codespell
	.venv/bin/python -m book check

.PHONY: test
test: env  ## Run all tests in both environments
	.venv/bin/python tests/run_all.py

.PHONY: equality
equality: export TF_CPP_MIN_LOG_LEVEL = 3
equality: env  ## Print how far each framework is from the NumPy oracle
	@.venv/bin/python tests/library/equality.py
	@.venv-mxnet/bin/python tests/library/equality.py

.PHONY: bench
bench: env  ## Time training beside d2l 1.0.3; writes bench/README.md
	.venv/bin/python bench/compare.py

.PHONY: matrix
matrix: .venv/.done  ## Run the library's tests on the oldest and newest releases (nox)
	.tools/bin/nox

.PHONY: lib
lib: env  ## Write d2l/{torch,jax,tensorflow,mxnet}.py from the chapter
	.venv/bin/python -m book lib

.PHONY: figures
figures: env  ## Draw img/*.svg
	.venv/bin/python img/draw.py

.PHONY: wheel
wheel: env  ## Build the d2l package: dist/*.whl
	rm -rf build    # whose old files would go into it
	.venv/bin/python -m build --wheel --no-isolation

.PHONY: lock
lock: .tools/.done  ## Pin the newest releases in requirements/*.txt
	$(LOCK) --overrides requirements/overrides.txt requirements/main.in -o requirements/main.txt
	# Beside a build of PyTorch for the CPU, the builds that others find on PyPI.
	grep ^torch== requirements/main.in | UV_FIND_LINKS= $(LOCK) --no-deps --no-header --no-annotate - | \
		sed -n '/--hash/s/\( \\\)\?$$/ \\/p' | sed -i -e '/^torch==/r /dev/stdin' -e 's/+cpu / /' requirements/main.txt
	$(LOCK) requirements/mxnet.in -o requirements/mxnet.txt
	$(LOCK) requirements/tools.in -o requirements/tools.txt

.PHONY: audit
audit: .tools/.done  ## Ask an advisory service about every pin (needs the network)
	for list in main mxnet tools; do $(UV) tool run pip-audit==2.10.1 \
		--disable-pip --require-hashes -r requirements/$$list.txt || exit; done

.PHONY: sbom
sbom: .tools/.done  ## List what the environments consist of: _build/sbom/*.json (CycloneDX)
	mkdir -p _build/sbom
	for list in main mxnet tools; do $(UV) tool run --from cyclonedx-bom==7.5.0 cyclonedx-py \
		requirements requirements/$$list.txt -o _build/sbom/$$list.json || exit; done

.PHONY: same
same: env  ## Build the commit's site and wheel in two folders and compare the bytes
	rm -rf _build/twice
	for folder in _build/twice/first _build/twice/second; do \
		git clone --quiet . $$folder && (cd $$folder && ln -s ../../../.venv* . && \
		export PYTHONPATH=$$PWD && .venv/bin/python -m book site && \
		.venv/bin/python -m build --wheel --no-isolation >/dev/null) || exit; done
	for made in _build/site dist; do \
		diff -r _build/twice/first/$$made _build/twice/second/$$made || exit; done

.PHONY: fuzz
fuzz: .venv/.done  ## Feed readers of files what nobody thought of (SECONDS=60; Linux)
	$(UV) pip install --quiet --python .venv/bin/python atheris==3.0.0
	for reader in idx weights section; do .venv/bin/python bench/fuzz.py $$reader \
		-max_total_time=$(or $(SECONDS),60) || exit; done

.PHONY: clean
clean:  ## Remove everything that make made
	rm -rf _build build dist *.egg-info .venv .venv-mxnet .tools .nox

.PHONY: env
env: .venv/.done .venv-mxnet/.done  ## Make the two environments, .venv and .venv-mxnet

.tools/.done: requirements/tools.txt
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet -r $<
	touch $@

.venv/.done: requirements/main.txt requirements/overrides.txt pyproject.toml .tools/.done
	@echo Installing three frameworks and the tools, 4 GB, into .venv
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(INSTALL) --python .venv/bin/python -r $< --editable .
	printf '#!%s\nimport sys\nsys.path[:0] = ["", "%s"]\nfrom book.d2lbook import main\nmain()\n' \
		$(CURDIR)/.venv/bin/python $(CURDIR) > .venv/bin/d2lbook   # d2lbook's commands on our layer
	touch $@

.venv-mxnet/.done: requirements/mxnet.txt pyproject.toml .venv/.done
	@echo Installing MXNet into .venv-mxnet
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv-mxnet
	$(INSTALL) --python .venv-mxnet/bin/python -r $< --editable .
	JUPYTER_PATH=$(CURDIR)/.venv/share/jupyter .venv-mxnet/bin/python -m ipykernel \
		install --prefix $(CURDIR)/.venv --name mxnet --display-name MXNet
	touch $@
