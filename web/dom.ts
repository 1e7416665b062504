// This module runs in browsers.

/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Elements, made of their parts. Text becomes text nodes only: nothing that people write is ever
 * read as HTML.
 *
 * @module
 */

/** Something that an element holds; `undefined` and `false` are nothing. */
export type Child = Node | string | undefined | false;

/** The attributes of an element, and under the names of events what is called at them. */
export type Props = Record<string, string | boolean | undefined | ((event: Event) => void)>;

/** Makes an element. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** Makes a button that says what it does. */
export function button(
  text: string,
  click: () => void,
  props: Props = {},
): HTMLButtonElement {
  return h("button", { type: "button", click, ...props }, text);
}

/** Makes a name of somebody, whose direction does not reach beyond it. */
export function nameOf(name: string): HTMLElement {
  return h("bdi", {}, name);
}

/** Makes a field with its label above it. */
export function field(label: string, props: Props): [HTMLLabelElement, HTMLInputElement] {
  const input = h("input", { autocomplete: "off", ...props });
  return [h("label", {}, h("span", {}, label), input), input];
}

const SVG = "http://www.w3.org/2000/svg";

/** Makes a drawing of one path in a square of 24 units; its button says what it means. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}
