// This module is pure: no sockets, no clock, no Deno.

/**
 * Columns that text takes in a terminal. Terminals disagree about emoji, flags and symbols: here
 * each counts as in the terminal where it is widest, so that what is counted to fit does fit. A
 * library would say what most terminals do, from a table that grows old.
 *
 * @module
 */

/** The distance of tab stops, in columns. */
const TAB = 8;

/** The least share of a row that is filled where it is broken after a space. */
const FULL_ENOUGH = 0.5;

const SEGMENTER = new Intl.Segmenter();

// Wide scripts (Unicode Standard Annex #11), symbols and punctuation that some terminals make wide,
// and code points that are unassigned or private.
const WIDE =
  /^[\p{S}\p{P}\p{No}\p{Nl}\p{Cn}\p{Co}\p{Cs}\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Yiii}\p{scx=Bopo}\u3000\uff00-\uffef\u{16fe0}-\u{18d7f}\u{1b170}-\u{1b2ff}]$/u;

// The selector that can make the character before it wide, the soft hyphen, and the signs that
// stand around numbers (Prepended_Concatenation_Mark): all of them may take columns.
const NOT_WITHOUT_WIDTH =
  /^[\ufe0f\u00ad\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]$/u;

/** Marks on the character before them, and joiners. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

const ASCII = /^[\x20-\x7e]*$/;

/** Counts the most columns that a text takes. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const character of text) columns += columnsOfOne(character);
  return columns;
}

function columnsOfOne(character: string): number {
  if (ASCII.test(character)) return 1;
  if (NO_WIDTH.test(character) && !NOT_WITHOUT_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Splits a text into what people see as characters (Unicode Standard Annex #29). */
export function charactersOf(text: string): string[] {
  return [...charactersIn(text)];
}

/** Yields characters one by one: the list of a large text would survive a garbage collection. */
function charactersIn(text: string): Iterable<string> {
  if (ASCII.test(text)) return text;
  return Iterator.from(SEGMENTER.segment(text)).map(({ segment }) => segment);
}

/** Replaces tabs by spaces up to the next tab stop, counted from the start of the line. */
export function expandTabs(line: string): string {
  if (!line.includes("\t")) return line;
  const [first = "", ...parts] = line.split("\t");
  let text = first;
  let columns = columnsOf(first);
  for (const part of parts) {
    const spaces = TAB - columns % TAB;
    text += " ".repeat(spaces) + part;
    columns += spaces + columnsOf(part);
  }
  return text;
}

/**
 * Breaks a line into rows of at most `columns` columns, the first of at most `first`, at spaces
 * where it has some. Joined, the rows are the line. A character that is wider than a row gets its
 * own.
 */
export function wrap(line: string, columns: number, first = columns): string[] {
  if (line.length <= first && ASCII.test(line)) return [line];
  const rows: string[] = [];
  let [start, end, width] = [0, 0, 0];
  for (const character of charactersIn(line)) {
    const more = columnsOf(character);
    const most = () => rows.length === 0 ? first : columns;
    // Again where the rest after a space is too wide for the rows that follow.
    while (width + more > most() && start < end) {
      const row = line.slice(start, end);
      const space = row.lastIndexOf(" ") + 1;
      const kept = columnsOf(row.slice(0, space)) >= most() * FULL_ENOUGH ? space : row.length;
      rows.push(row.slice(0, kept));
      start += kept;
      width = columnsOf(row.slice(kept));
    }
    end += character.length;
    width += more;
  }
  rows.push(line.slice(start));
  return rows;
}
