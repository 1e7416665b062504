/**
 * The picture that a terminal shows: as much of one as the terminal chat may use. Anything else in
 * the output is an error, so that a control sequence that gets through is noticed.
 *
 * @module
 */

// A control sequence, a control character, or text.
// deno-lint-ignore no-control-regex
const TOKENS = /\x1b\[([?>]?)([\d;]*)([A-Za-z])|[\x00-\x1f\x7f-\x9f]|[^\x00-\x1f\x7f-\x9f]+/g;

/** The beginning of a control sequence. */
// deno-lint-ignore no-control-regex
const UNFINISHED = /\x1b(\[[?>]?[\d;]*)?$/;

const SEGMENTER = new Intl.Segmenter();

/** Habits of a terminal, in which terminals differ. */
export interface Habits {
  /** The number of columns for something that people see as one character. */
  widthOf?: (character: string) => number;
  /** `true` where rows that have become too wide are broken into several, instead of being cut off. */
  breaks?: boolean;
}

/** A piece of a row that looks the same: `look` is the last SGR parameter, empty after a reset. */
export interface Run {
  text: string;
  look: string;
}

/** A place in the picture; the second column of a wide character is empty. */
type Cell = Run;

const BLANK: Cell = { text: " ", look: "" };

/** A screen that is as high as it needs to be. */
export class Picture {
  readonly #habits: Required<Habits>;
  #columns: number;
  #cells: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #look = "";
  #wraps = true;
  #rest = "";
  /** The picture that is not shown while the terminal shows its other screen. */
  #other: { cells: Cell[][]; row: number; column: number } | undefined;
  /** The number of times that its bell was rung. */
  bells = 0;
  /** `true` where pastes are marked. */
  marksPastes = false;
  /** The answers to its questions. */
  answers = "";

  constructor(columns: number, { widthOf = () => 1, breaks = true }: Habits = {}) {
    this.#columns = columns;
    this.#habits = { widthOf, breaks };
  }

  /** `true` while it shows its other screen. */
  get isOther(): boolean {
    return this.#other !== undefined;
  }

  /** The column of the cursor, from 0. */
  get column(): number {
    return Math.min(this.#column, this.#columns - 1);
  }

  /** The kind of terminal that it says it is: tmux, or xterm. */
  get kind(): string {
    return this.#habits.breaks ? "84;0;0" : "41;379;0";
  }

  /** The rows, without blanks at their ends; the cursor is seen as `|`. */
  get rows(): string[] {
    return this.#cells.map((cells, row) => {
      const texts = Array.from(cells, (cell = BLANK) => cell.text);
      if (row === this.#row) {
        while (texts.length < this.#column) texts.push(" ");
        texts.splice(this.#column, 0, "|");
      }
      return texts.join("").trimEnd();
    });
  }

  /** The rows with their looks, without a cursor. */
  get runs(): Run[][] {
    return this.#cells.map((cells) => {
      const runs: Run[] = [];
      for (const { text, look } of Array.from(cells, (cell = BLANK) => cell)) {
        const last = runs.at(-1);
        if (last?.look === look) last.text += text;
        else runs.push({ text, look });
      }
      return runs;
    });
  }

  write(output: string): void {
    const all = this.#rest + output;
    [this.#rest] = UNFINISHED.exec(all) ?? [""];
    const whole = all.slice(0, all.length - this.#rest.length);
    for (const [token, mode = "", argument = "", command] of whole.matchAll(TOKENS)) {
      if (command !== undefined) this.#control(mode + argument, command);
      else if (token === "\r") this.#column = 0;
      else if (token === "\n") this.#feed();
      else if (token === "\x07") this.bells++;
      else if (/^\p{Cc}/u.test(token)) throw new Error(`Not shown: ${JSON.stringify(token)}`);
      else for (const { segment } of SEGMENTER.segment(token)) this.#put(segment);
    }
  }

  /** Becomes narrower, as a window does. */
  resize(columns: number): void {
    const cells = this.#cells;
    const cursor = this.#row;
    this.#columns = columns;
    if (!this.#habits.breaks) {
      for (const row of cells) row.length = Math.min(row.length, columns);
      this.#column = this.column;
      return;
    }
    this.#cells = [];
    cells.forEach((row, i) => {
      if (i === cursor) {
        this.#row = this.#cells.length + Math.floor(this.#column / columns);
        this.#column %= columns;
      }
      for (let start = 0; start === 0 || start < row.length; start += columns) {
        this.#cells.push(row.slice(start, start + columns));
      }
    });
    this.#cells[this.#row] ??= [];
  }

  #control(argument: string, command: string): void {
    switch (command) {
      case "A":
        this.#row = Math.max(this.#row - Number(argument || 1), 0);
        return;
      case "H":
        if (argument !== "") break;
        this.#row = this.#column = 0;
        return;
      case "J":
        if (argument !== "") break;
        this.#cells.length = this.#row + 1;
        this.#cells[this.#row]!.length = Math.min(this.#column, this.#cells[this.#row]!.length);
        return;
      case "h":
      case "l":
        if (argument === "?7") this.#wraps = command === "h";
        else if (argument === "?2004") this.marksPastes = command === "h";
        else if (argument === "?1049") this.#switch(command === "h");
        else break;
        return;
      case "n":
        if (argument !== "6") break;
        this.answers += `\x1b[${this.#row + 1};${this.column + 1}R`;
        return;
      case "c":
        if (argument !== ">") break;
        this.answers += `\x1b[>${this.kind}c`;
        return;
      case "m":
        this.#look = argument === "0" ? "" : argument;
        return;
    }
    throw new Error(`Not known: ESC [ ${argument} ${command}`);
  }

  /** Shows the other screen, which is empty at first, or the usual one as it was. */
  #switch(toOther: boolean): void {
    if (toOther === (this.#other !== undefined)) return;
    const { cells, row, column } = this.#other ?? { cells: [[]], row: 0, column: 0 };
    this.#other = toOther
      ? { cells: this.#cells, row: this.#row, column: this.#column }
      : undefined;
    [this.#cells, this.#row, this.#column] = [cells, row, column];
  }

  #put(character: string): void {
    const width = this.#habits.widthOf(character);
    if (this.#column + width > this.#columns) {
      if (this.#wraps) {
        this.#column = 0;
        this.#feed();
      } else {
        this.#column = this.#columns - width;
      }
    }
    const cells = this.#cells[this.#row]!;
    const look = this.#look;
    cells[this.#column] = { text: character, look };
    for (let i = 1; i < width; i++) cells[this.#column + i] = { text: "", look };
    this.#column += width;
  }

  #feed(): void {
    this.#row++;
    this.#cells[this.#row] ??= [];
  }
}
