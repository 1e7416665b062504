/**
 * The files of the scoreboard. Several runs may end at once, and each has rows of its own: whoever
 * writes reads again what is there by then, while no other one can.
 *
 * @module
 */

import type { Scoreboard } from "./scoreboard.ts";

/** Reads what is kept. */
export async function readBoard(path: string): Promise<Scoreboard> {
  return JSON.parse(await Deno.readTextFile(path));
}

/** Changes what is kept at `path`, behind the changes of all others, and returns it. */
export async function changeBoard(
  path: string,
  change: (board: Scoreboard) => Scoreboard,
): Promise<Scoreboard> {
  // Not the file itself, which every change exchanges for another one.
  using lock = await Deno.open(new URL(import.meta.url));
  await lock.lock(true);
  const board = change(await readBoard(path));
  await replaceFile(path, JSON.stringify(board));
  return board;
}

/** Exchanges a file for one with this text, formatted: nobody ever reads a part of it. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const cut = path.lastIndexOf(".");
  // The formatter goes by the end of the name.
  const beside = `${path.slice(0, cut)}.${crypto.randomUUID()}${path.slice(cut)}`;
  try {
    await Deno.writeTextFile(beside, text);
    const formatter = new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", beside] });
    const { success, stderr } = await formatter.output();
    if (!success) {
      throw new Error(`${path} cannot be formatted: ${new TextDecoder().decode(stderr)}`);
    }
    await Deno.rename(beside, path);
  } catch (error) {
    await Deno.remove(beside).catch(() => {});
    throw error;
  }
}
