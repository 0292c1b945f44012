"use strict";
// A button on every piece of code, which copies it: the code alone.
{
  for (const code of document.querySelectorAll(".highlight-python .highlight")) {
    const button = document.createElement("button");
    button.className = "copy";
    button.type = "button";
    button.textContent = "복사";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(
        code.querySelector("pre").textContent.trimEnd() + "\n");
      button.textContent = "복사했습니다";
      button.addEventListener("blur", () => { button.textContent = "복사"; },
                              { once: true });
    });
    code.append(button);
  }
}
