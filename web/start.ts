// This module runs in browsers.

/// <reference lib="dom" />
/**
 * Pages where no conversation is yet: make a room, enter a link, say who you are.
 *
 * @module
 */

import { button, field, h, icon } from "./dom.ts";
import { forgetRoom, type KnownRoom, knownRooms } from "./kept.ts";

/** The most characters of a name that may be typed; the server counts bytes. */
const MOST_NAME = "64";

/** The log of a room, and a cursor in it. */
const MARK = "M5 6h10M5 11h7M5 16h9M19 5v14";

/** Calls of the page to begin with. */
export interface StartActions {
  create(name: string, room: string): void;
  enter(name: string, room: { id: string; link?: string | undefined }): void;
  /** The address of a room, to be seen and copied. */
  linkOf(roomId: string): string;
}

/** The room in a link, or in what somebody has typed, and what lets them in there. */
export function roomIn(text: string): { id: string; link?: string | undefined } {
  const [id, link] = text.slice(text.indexOf("#") + 1).trim().split(/\.(.*)/);
  try {
    return { id: decodeURIComponent(id!), link };
  } catch {
    // Not made by this page: no room has that id.
    return { id: id! };
  }
}

/** Makes the page of somebody without a link. */
export function start(name: string, { create, enter, linkOf }: StartActions): HTMLElement {
  const [nameLabel, nameInput] = nameField(name);
  const [roomLabel, roomInput] = field("Name of the room", {
    maxlength: MOST_NAME,
    placeholder: "Lobby",
    dir: "auto",
  });
  const [linkLabel, linkInput] = field("Link of a room, or its id", {
    required: true,
    inputmode: "url",
    dir: "ltr",
  });
  const make = form(
    "Make a room",
    () => {
      create(nameInput.value.trim(), roomInput.value.trim() || "Lobby");
    },
    nameLabel,
    roomLabel,
  );
  const join = form("Enter", () => {
    if (nameInput.reportValidity()) enter(nameInput.value.trim(), roomIn(linkInput.value));
  }, linkLabel);
  join.classList.add("second");
  return sheet(
    h("h1", {}, "Parley"),
    h(
      "p",
      { class: "lead" },
      "Make a room, and send its link to others. Nobody needs an account.",
    ),
    make,
    h("p", { class: "or" }, h("span", {}, "or")),
    join,
    ...rooms(knownRooms(), linkOf),
  );
}

/** Makes the page of somebody with a link, and without a name. */
export function ask(name: string, entered: (name: string) => void): HTMLElement {
  const [label, input] = nameField(name);
  return sheet(
    h("h1", {}, "You have a link to a room"),
    h("p", { class: "lead" }, "Say what the others shall call you. It is asked once."),
    form("Enter the room", () => entered(input.value.trim()), label),
  );
}

/** Makes the page of somebody who cannot get in. */
export function refused(reason: string, again: () => void, home?: () => void): HTMLElement {
  return sheet(
    h("h1", {}, "You are not in the room"),
    h("p", { class: "lead", role: "alert" }, reason),
    h(
      "div",
      { class: "row" },
      button("Try again", again, { class: "main" }),
      home && button("Another room", home),
    ),
  );
}

function nameField(name: string): [HTMLLabelElement, HTMLInputElement] {
  return field("Your name", {
    value: name,
    required: true,
    maxlength: MOST_NAME,
    autocomplete: "nickname",
    dir: "auto",
    // More than spaces.
    pattern: ".*\\S.*",
  });
}

function form(action: string, submit: () => void, ...parts: HTMLElement[]): HTMLFormElement {
  return h(
    "form",
    {
      submit: (event) => {
        event.preventDefault();
        submit();
      },
    },
    ...parts,
    h("button", { class: "main" }, action),
  );
}

function sheet(...parts: HTMLElement[]): HTMLElement {
  return h(
    "main",
    { class: "sheet", part: "sheet" },
    h("div", {}, h("span", { class: "mark" }, icon(MARK)), ...parts),
  );
}

function rooms(known: KnownRoom[], linkOf: (roomId: string) => string): HTMLElement[] {
  if (known.length === 0) return [];
  const list = h("ul", { class: "rooms" });
  list.append(...known.map(({ id, name }) => {
    const line = h("li", {}, h("a", { href: linkOf(id), dir: "auto" }, name || id));
    line.append(button("×", () => {
      forgetRoom(id);
      line.remove();
    }, { "class": "quiet", "aria-label": `Forget ${name}` }));
    return line;
  }));
  return [h("h2", {}, "Where you were"), list];
}
