// What is wrong with this page as it is drawn: a list of sentences. Runs within a function.
const faults = [];
const called = (element) =>
  `${element.localName} ${element.id || element.name || element.textContent.trim().slice(0, 40)}`;
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });

// Nothing is wider than the window.
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) {
  const wide = [...document.body.querySelectorAll("*")].filter((element) => {
    return isSeen(element) && element.getBoundingClientRect().right > root.clientWidth + 1;
  });
  faults.push(`is ${root.scrollWidth} wide: ${wide.map(called).join("; ")}`);
}

// Text stands out from what it stands on (WCAG 2, 1.4.3).
const numbers = (color) => {
  const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
  return { channels: [red, green, blue], alpha };
};
const luminance = ({ channels }) => {
  const [red, green, blue] = channels.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const ground = (element) => {
  for (let under = element; under; under = under.parentElement) {
    const color = numbers(getComputedStyle(under).backgroundColor);
    if (color.alpha === 1) return color;
  }
  return numbers("rgb(255, 255, 255)");
};
const says = (element) => {
  return [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
};
for (const element of document.body.querySelectorAll("*")) {
  if (!isSeen(element) || !(says(element) || element.value || element.placeholder)) continue;
  const part = element.placeholder && !element.value ? "::placeholder" : null;
  const { color, fontSize, fontWeight } = getComputedStyle(element, part);
  const [darker, lighter] = [numbers(color), ground(element)].map(luminance).sort((a, b) => a - b);
  const contrast = (lighter + 0.05) / (darker + 0.05);
  const isLarge = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && fontWeight >= 700);
  if (contrast < (isLarge ? 3 : 4.5)) faults.push(`${called(element)} has contrast ${contrast.toFixed(2)}`);
}

// Whatever takes the focus comes into view and has a ring; a key was pressed before, not a mouse.
const takesFocus = "a[href], button, input:not([type=hidden]), select, textarea, summary";
let taken = 0;
for (const element of document.querySelectorAll(takesFocus)) {
  if (!isSeen(element) || element.disabled) continue;
  element.focus();
  const box = element.getBoundingClientRect();
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const isInView = box.width > 0 && box.right > 0 && box.left < root.clientWidth && box.bottom > 0 && box.top < innerHeight;
  if (document.activeElement !== element) faults.push(`${called(element)} takes no focus`);
  if (!isInView) faults.push(`${called(element)} has the focus out of sight`);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) faults.push(`${called(element)} has no ring`);
  taken += 1;
}
if (taken === 0) faults.push("nothing takes the focus");
return faults;
