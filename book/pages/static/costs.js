"use strict";
// The table of layer costs, to touch: choose a model and the size of its input.
// book/pages/costs.py wrote the table and the numbers.
{
  const table = document.querySelector("table.layer-costs");
  if (table) book.read("costs").then(offer);

  function offer(costs) {
    const chooser = (name, choices, chosen) => {
      const select = document.createElement("select");
      for (const choice of choices) {
        select.append(new Option(choice.text ?? choice, choice.value ?? choice));
      }
      select.value = chosen;
      select.addEventListener("change", show);
      const label = document.createElement("label");
      label.append(name, " ", select);
      document.querySelector("div.controls").append(label);
      return select;
    };
    const [someModel] = Object.values(costs);
    const model = chooser(words.costs_model, Object.keys(costs), "ResNet-18");
    const size = chooser(words.costs_input, Object.keys(someModel).map((value) => (
      { value, text: `${value} × ${value}` })), "96");

    function show() {
      const rows = costs[model.value][size.value];
      const sum = (i) => rows.reduce((total, row) => total + row[i], 0);
      const contents = [...rows, [words.costs_sum, "", sum(2), sum(3)]];
      for (const [i, line] of [...table.tBodies[0].rows].entries()) {
        for (const [j, cell] of [...line.cells].entries()) {
          cell.textContent = contents[i][j].toLocaleString(
            document.documentElement.lang);
        }
      }
      table.caption.querySelector(".caption-text").textContent =
        words.costs_caption.replace("{model}", model.value)
          .replaceAll("{n}", size.value);
    }
  }
}
