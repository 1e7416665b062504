/**
 * What a terminal shows: as much of one as the terminal chat may use. Anything else in
 * the output is an error, so that a control sequence that gets through is noticed.
 *
 * @module
 */

// A control sequence, a control character, or text.
// deno-lint-ignore no-control-regex
const TOKENS = /\x1b\[([\d;]*)([A-Za-z])|[\x00-\x1f\x7f-\x9f]|[^\x00-\x1f\x7f-\x9f]+/g;

/** A screen of so many columns, without colours, that is as high as it needs to be. */
export class Picture {
  readonly #columns: number;
  #cells: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** The rows, without blanks at their ends; the cursor is seen as `|`. */
  get rows(): string[] {
    return this.#cells.map((cells, row) => {
      const before = cells.slice(0, this.#column).join("").padEnd(this.#column);
      const text = row === this.#row ? `${before}|${cells.slice(this.#column).join("")}` : cells;
      return (typeof text === "string" ? text : text.join("")).trimEnd();
    });
  }

  write(output: string): void {
    for (const [token, argument = "", command] of output.matchAll(TOKENS)) {
      if (command !== undefined) this.#control(command, argument);
      else if (token === "\r") this.#column = 0;
      else if (token === "\n") this.#feed();
      else if (/^\p{Cc}/u.test(token)) throw new Error(`Not shown: ${JSON.stringify(token)}`);
      else for (const character of token) this.#put(character);
    }
  }

  #control(command: string, argument: string): void {
    if (command === "J" && argument === "") {
      this.#cells.length = this.#row + 1;
      this.#cells[this.#row]!.length = Math.min(this.#column, this.#cells[this.#row]!.length);
    } else if (command === "C") {
      this.#column = Math.min(this.#column + Number(argument || 1), this.#columns - 1);
    } else if (command !== "m") {
      throw new Error(`Not known: ESC [ ${argument} ${command}`);
    }
  }

  #put(character: string): void {
    if (this.#column === this.#columns) {
      this.#column = 0;
      this.#feed();
    }
    this.#cells[this.#row]![this.#column++] = character;
  }

  #feed(): void {
    this.#row++;
    this.#cells[this.#row] ??= [];
  }
}
