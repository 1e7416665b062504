/**
 * Stand-in for `@std/cli/unicode-width`: the npm module lacks its table.
 *
 * @module
 */

const NO_WIDTH = /^[\p{Cc}\p{Cf}\p{Mn}\p{Me}]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{17000}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]$|^\p{Emoji_Presentation}$/u;

/** Columns that a terminal needs for `str`; combined emoji count each part. */
export function unicodeWidth(str: string): number {
  let width = 0;
  for (const char of str) {
    if (!NO_WIDTH.test(char)) width += WIDE.test(char) ? 2 : 1;
  }
  return width;
}
