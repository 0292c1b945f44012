"use strict";
// The book's data are scripts, loaded when they are needed: a page that is
// opened as a file may fetch nothing. book/pages/data.py writes them.
const book = {
  root: new URL("..", document.currentScript.src),
  data: {},
  loading: new Map(),

  // Run a script of the book once; if it fails, it may be tried again.
  run(path) {
    if (!this.loading.has(path)) {
      this.loading.set(path, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = new URL(path, this.root);
        script.onload = resolve;
        script.onerror = () => {
          this.loading.delete(path);
          reject(new Error(`${script.src} cannot be loaded`));
        };
        document.head.append(script);
      }));
    }
    return this.loading.get(path);
  },

  async read(name) {
    await this.run(`_static/data/${name}.js`);
    return this.data[name];
  },
};
