// This module runs in browsers: it needs no Deno.

/**
 * Somebody who reads back in a room: the pages, and asking the server for more.
 *
 * @module
 */

import type { HistoryPage } from "../client/conversation/conversation.ts";
import type { Size } from "./screen/editor.ts";
import { movedBelow, type PageMove, windowOf } from "./screen/pager.ts";
import type { RoomView } from "./room_view.ts";
import type { Shown } from "./words/shown.ts";

/** The entries that the server is asked for at once. */
const PAGE = 100;

/** The session around a reader. */
export interface ReaderOptions {
  /** Asks for a page of the log before a `seq`. */
  history: (view: RoomView, before: number, limit: number) => Promise<HistoryPage>;
  /** Writes a line of a room in rows of `columns`. */
  rowsOf: (shown: Shown, view: RoomView, columns: number) => string[];
  /** Shows a page, or the end of reading back. */
  show: (page: ((size: Size) => string[]) | undefined) => Promise<void>;
}

/** One room that is read back. */
export class HistoryReader {
  readonly #view: RoomView;
  readonly #options: ReaderOptions;
  /** The newest line when reading back began. */
  readonly #last: Shown | undefined;
  readonly #rows = new WeakMap<Shown, { columns: number; rows: string[] }>();
  #below = 0;
  #height = 1;
  #isAtTop = false;
  /** Set once the server has nothing older. */
  #isAll = false;
  #isAsking = false;
  #isOver = false;
  #isDrawn = false;
  /** The number of moves so far. */
  #moves = 0;

  /** Begins at the end of what was shown. */
  constructor(view: RoomView, options: ReaderOptions) {
    this.#view = view;
    this.#options = options;
    this.#last = view.scrollback.lines.at(-1);
  }

  /** `true` where it has come back to the end. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The words for the status. */
  get status(): string {
    const { scrollback } = this.#view;
    const top = this.#isAsking
      ? ", asking for more"
      : this.#isAtTop && this.#isAll
      ? " at the beginning"
      : this.#isAtTop && scrollback.isFull
      ? " as far as it goes"
      : "";
    return `Reading back${top} (End returns)`;
  }

  /** Moves, and asks the server where the first line is reached. */
  async move(move: PageMove): Promise<void> {
    if (this.#isOver) return;
    const moves = ++this.#moves;
    // The first page tells how high a page is.
    if (!this.#isDrawn) await this.#draw();
    const wanted = movedBelow(this.#below, move, this.#height);
    if (wanted === 0) return await this.end();
    this.#below = wanted;
    await this.#draw();
    if (move !== "up" || !this.#isAtTop || !await this.#more() || this.#isOver) return;
    // Nobody has gone elsewhere meanwhile.
    if (moves === this.#moves) this.#below = wanted;
    await this.#draw();
  }

  /** Comes back to the end. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#view.scrollback.trim();
    await this.#options.show(undefined);
  }

  /** Asks for older entries; says whether it did. */
  async #more(): Promise<boolean> {
    const { scrollback } = this.#view;
    if (this.#isAsking || this.#isAll || scrollback.isFull) return false;
    this.#isAsking = true;
    try {
      const before = scrollback.first ?? this.#view.room.cursor + 1;
      const { events, more } = await this.#options.history(this.#view, before, PAGE);
      this.#isAll = !more;
      scrollback.prepend(this.#view.takeOlder(events));
    } finally {
      this.#isAsking = false;
    }
    return true;
  }

  async #draw(): Promise<void> {
    this.#isDrawn = true;
    await this.#options.show((size) => this.#page(size));
  }

  #page({ columns, rows: height }: Size): string[] {
    const { lines } = this.#view.scrollback;
    const end = this.#last === undefined ? lines.length : lines.lastIndexOf(this.#last) + 1;
    const all = lines.slice(0, end).flatMap((shown) => this.#rowsOf(shown, columns));
    const page = windowOf(all, this.#below, height);
    this.#height = height;
    this.#below = page.below;
    this.#isAtTop = page.isAtTop;
    return page.rows;
  }

  #rowsOf(shown: Shown, columns: number): string[] {
    const known = this.#rows.get(shown);
    if (known?.columns === columns) return known.rows;
    const rows = this.#options.rowsOf(shown, this.#view, columns);
    this.#rows.set(shown, { columns, rows });
    return rows;
  }
}
