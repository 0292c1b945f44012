"use strict";
// The figure of function classes, to touch: a slider makes the classes grow,
// and a line shows how far the best function in reach is from f*. Without a
// script the figure stands as it was drawn.
{
  const NUM_CLASSES = 6;

  const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

  // The point of an ellipse's edge that is nearest to a point outside it.
  function nearest(ellipse, goal) {
    const turned = ellipse.transform.baseVal.consolidate().matrix;
    const length = ellipse.getTotalLength();
    const edge = Array.from({ length: 360 }, (_, i) =>
      ellipse.getPointAtLength((length * i) / 360).matrixTransform(turned));
    return edge.reduce((best, point) =>
      distance(point, goal) < distance(best, goal) ? point : best);
  }

  const image = document.querySelector(
    "img.only-light[src$='/functionclasses.svg']");
  if (image) book.read("functionclasses.svg").then(draw);

  function draw(file) {
    const text = file.replace(/<style>.*?<\/style>/s, ""); // book.css has it
    const svg = document.importNode(
      new DOMParser().parseFromString(text, "image/svg+xml").documentElement,
      true);
    svg.classList.add("function-classes");

    const ellipses = [...svg.querySelectorAll("ellipse")];
    const sides = [...svg.querySelectorAll("circle")].map((target, side) => ({
      target,
      classes: ellipses.slice(side * NUM_CLASSES, (side + 1) * NUM_CLASSES),
      line: svg.appendChild(
        document.createElementNS("http://www.w3.org/2000/svg", "line")),
    }));

    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 1, max: NUM_CLASSES, value: 1 });
    const label = document.createElement("label");
    label.append(`${words.class_size} `, slider);
    const said = document.createElement("output");
    const controls = document.createElement("div");
    controls.className = "controls";
    controls.append(label, said);

    image.nextElementSibling.remove();      // .only-dark
    image.replaceWith(svg);
    svg.parentElement.after(controls);     // .wide
    slider.addEventListener("input", show);
    show();

    function show() {
      const size = slider.valueAsNumber;
      said.textContent = sides.map(({ target, classes, line }, side) => {
        for (const [i, ellipse] of classes.entries()) {
          const fades = i + 1 > size || (side === 0 && i + 1 < size);
          ellipse.classList.toggle("faded", fades);
          ellipse.nextElementSibling.classList.toggle("faded", fades);
        }
        const goal = { x: target.cx.baseVal.value, y: target.cy.baseVal.value };
        const best = nearest(classes[size - 1], goal);
        for (const [name, value] of Object.entries(
          { x1: goal.x, y1: goal.y, x2: best.x, y2: best.y })) {
          line.setAttribute(name, value);
        }
        return `${[words.class_other, words.class_nested][side]} ${
          Math.round(distance(best, goal))}`;
      }).join(", ");
      said.prepend(`${words.class_distance.replace("{n}", size)} `);
    }
  }
}
