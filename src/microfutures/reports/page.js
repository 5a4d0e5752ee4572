// Dark or light, as the system says until somebody presses the button.
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
});

// A chart with tips: a line follows the pointer, a word says what stands there.
for (const data of document.querySelectorAll("script.tips")) {
  const tips = JSON.parse(data.textContent);
  const figure = data.parentElement;
  const line = document.createElement("i");
  const word = document.createElement("output");
  line.hidden = word.hidden = true;
  figure.append(line, word);
  figure.addEventListener("pointermove", (event) => {
    const box = figure.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width;
    let low = 0;
    let high = tips.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (tips[middle][0] <= at) low = middle; else high = middle;
    }
    const [share, text] = at - tips[low][0] < tips[high][0] - at ? tips[low] : tips[high];
    line.style.left = `${share * 100}%`;
    word.textContent = text;
    word.style.left = `${share * 100}%`;
    word.style.transform = `translateX(${share > 0.5 ? "calc(-100% - 8px)" : "8px"})`;
    line.hidden = word.hidden = false;
  });
  figure.addEventListener("pointerleave", () => { line.hidden = word.hidden = true; });
}
