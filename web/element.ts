// This module runs in browsers.

/// <reference lib="dom" />
/**
 * The element `<parley-chat>`: a chat in any page, with one script and one tag.
 *
 * @module
 */

import { Announcer } from "./announcer.ts";
import { type Choices, choices } from "./choices.ts";
import type { Target } from "./conversation.ts";
import STYLE from "./dist/style.css" with { type: "text" };
import { h } from "./dom.ts";
import { keep, kept, knowRoom } from "./kept.ts";
import { Person } from "./person.ts";
import { RoomView } from "./room_view.ts";
import { ask, refused, roomIn, start } from "./start.ts";

/** The element. Its attributes: `room`, `src`, `name`, `theme`, `density`; `page` on the page itself. */
export class ParleyChat extends HTMLElement {
  static readonly observedAttributes = ["room", "src", "theme", "density"];
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #announcer = new Announcer();
  readonly #stage = h("div", { class: "stage" });
  #view: RoomView | undefined;
  #person: Person | undefined;
  #ended = new AbortController();

  constructor() {
    super();
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [style];
    this.#root.append(this.#stage, this.#announcer.element);
  }

  connectedCallback(): void {
    this.#ended = new AbortController();
    this.#choose(choices());
    const { signal } = this.#ended;
    if (this.#isPage) addEventListener("hashchange", () => this.#begin(), { signal });
    document.addEventListener("visibilitychange", () => this.#view?.reading(), { signal });
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#ended.abort();
    this.#end();
    this.#person?.close();
    this.#person = undefined;
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || before === now || this.#ended.signal.aborted) return;
    if (name === "src") {
      this.disconnectedCallback();
      this.connectedCallback();
    } else if (name === "room") this.#begin();
    else this.#choose(choices());
  }

  /** `true` where this is the page of a server: its room stands behind the `#` of the address. */
  get #isPage(): boolean {
    return this.hasAttribute("page");
  }

  get #src(): string {
    const url = new URL(this.getAttribute("src") ?? import.meta.url, document.baseURI);
    url.search = url.hash = "";
    url.protocol = url.protocol.replace("http", "ws");
    return url.href;
  }

  get #name(): string {
    return this.getAttribute("name") ?? kept("name") ?? "";
  }

  #linkOf(roomId: string): string {
    const url = new URL(this.#isPage ? location.href : this.#src);
    url.protocol = url.protocol.replace("ws", "http");
    url.hash = roomId;
    return url.href;
  }

  #choose({ theme, density, announce }: Choices): void {
    this.#announcer.wanted = announce;
    this.#stage.dataset.theme = this.getAttribute("theme") ?? theme;
    this.#stage.dataset.density = this.getAttribute("density") ?? density;
  }

  #end(): void {
    this.#view?.close();
    this.#view = undefined;
    this.#title("", 0);
  }

  /** Shows what the address asks for. */
  #begin(): void {
    const room = roomIn(this.#isPage ? location.hash : this.getAttribute("room") ?? "");
    const { id } = room;
    if (this.#view !== undefined && this.#view.roomId === id && id !== "") return;
    this.#end();
    if (id === "") this.#start();
    else if (this.#name === "") this.#show(ask("", (name) => this.#enter(name, room)));
    else this.#enter(this.#name, room);
  }

  #start(): void {
    this.#show(start(this.#name, {
      create: (name, create) => this.#enter(name, { create }),
      enter: (name, room) => this.#enter(name, room),
      linkOf: (id) => this.#linkOf(id),
    }));
  }

  #show(element: HTMLElement): void {
    this.#stage.replaceChildren(element);
    // Where the page has just one thing to do, a person begins to type it.
    if (!this.#isPage) return;
    [...element.querySelectorAll("input")].find(({ value }) => value === "")?.focus();
  }

  #enter(name: string, target: Target): void {
    keep("name", name);
    this.#end();
    const person = this.#person ??= new Person(this.#src, name);
    person.rename(name).catch(() => {});
    const view = this.#view = new RoomView(person, name, target, this.#announcer, {
      entered: (room) => {
        knowRoom(room);
        if (!this.#isPage) return;
        // The same place in the history: going back leads out of the room.
        if ("create" in target) history.pushState(null, "", `#${room.id}`);
        else history.replaceState(null, "", `#${room.id}${target.link ? `.${target.link}` : ""}`);
      },
      linkOf: (id) => this.#linkOf(id),
      title: (room, unread) => this.#title(room, unread),
      chosen: (choices) => this.#choose(choices),
      refused: (reason) => {
        this.#end();
        const again = () => this.#enter(this.#name, target);
        this.#show(refused(reason, again, () => this.#home()));
      },
      leave: () => this.#home(),
    });
    this.#show(view.element);
    view.open();
  }

  #home(): void {
    this.#end();
    if (this.#isPage) history.pushState(null, "", location.pathname);
    else this.removeAttribute("room");
    this.#start();
  }

  /** Says in title and icon of the page how much was not read. */
  #title(room: string, unread: number): void {
    this.dispatchEvent(new CustomEvent("unread", { detail: { unread } }));
    if (!this.#isPage) return;
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${room === "" ? "" : `${room} · `}Parley`;
    const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (link === null) return;
    const wanted = (unread > 0 ? link.dataset.unread : link.dataset.read) ?? link.href;
    if (!link.href.endsWith(wanted)) link.href = wanted;
  }
}
