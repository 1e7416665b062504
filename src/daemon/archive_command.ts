/**
 * The commands that carry rooms between stores: `export` writes them into a file, `import` takes them
 * from one.
 *
 * @module
 */

import {
  ARCHIVE_BATCH,
  type ArchivedEntry,
  type ArchivedMarker,
  type ArchiveSource,
  type ArchiveTarget,
  type RoomWriter,
} from "../core/store/archive.ts";
import {
  ArchiveReader,
  encodeArchived,
  encodeBegin,
  encodeEnd,
  encodeHead,
  encodeMarker,
  encodeOver,
} from "../core/store/archive_format.ts";
import { normalizeRoomId } from "../core/authority/ids.ts";
import { reasonOf } from "../protocol/errors.ts";
import { PROGRAMS } from "../program.ts";
import { linesOf, LineWriter } from "./flags/line_files.ts";
import { openSource, openTarget } from "./open_archive.ts";
import type { ServerSettings } from "./flags/flags.ts";

/** The words that they begin with. */
export const ARCHIVE_COMMANDS: readonly string[] = ["export", "import"];

/** The text of `export --help` and `import --help`. */
export const ARCHIVE_HELP: string = `Usage: ${PROGRAMS.server} export FILE [--room ID] [flags]
       ${PROGRAMS.server} import FILE [--skip-existing] [flags]

Carries rooms from one store to another: \`export\` writes them into a new file, as JSON lines, and
\`import\` takes them from it. The flags are those of the server; --store says which store, and is
needed. A server may run meanwhile, except for an import into SQLite.

  --room ID        only this room; may be given several times
  --skip-existing  leaves out rooms that are there, or were deleted there
`;

/** An order to carry rooms. */
export interface ArchiveOrder {
  command: "export" | "import";
  /** The file; `-` for the output of an export. */
  file: string;
  /** The only rooms of an export; all where there are none. */
  rooms: string[];
  skipExisting: boolean;
}

/**
 * Takes the arguments of these commands out of a command line; what is left are flags of the server.
 *
 * @throws {RangeError} with one line that names what will not do.
 */
export function takeArchiveOrder(
  args: readonly string[],
): { order: ArchiveOrder; rest: string[] } | "help" {
  const [command] = args;
  const order: ArchiveOrder = {
    command: command === "import" ? command : "export",
    file: "",
    rooms: [],
    skipExisting: false,
  };
  const isExport = order.command === "export";
  const rest: string[] = [];
  for (let i = 1; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--help" || argument === "-h") return "help";
    if (i === 1 && !argument.startsWith("--")) order.file = argument;
    else if (isExport && argument === "--room") order.rooms.push(args[++i] ?? "");
    else if (isExport && argument.startsWith("--room=")) {
      order.rooms.push(argument.slice("--room=".length));
    } else if (!isExport && argument === "--skip-existing") order.skipExisting = true;
    else rest.push(argument);
  }
  if (order.file === "") throw new RangeError(`${order.command} needs the name of a file first`);
  if (order.file === "-" && !isExport) {
    throw new RangeError("import reads its file twice: it cannot be -");
  }
  if (order.rooms.includes("")) throw new RangeError("--room needs one value");
  return { order, rest };
}

/**
 * Carries out an order; resolves with what was done, in one line. `troubled` takes lines about what is
 * wrong, but does not end it.
 */
export async function carryOut(
  order: ArchiveOrder,
  settings: ServerSettings,
  troubled: (reason: string) => void,
): Promise<string> {
  if (order.command === "import") {
    const target = await openTarget(settings, troubled);
    try {
      return await importRooms(order, target);
    } finally {
      await target.close();
    }
  }
  const source = await openSource(settings, troubled);
  try {
    return await exportToFile(order, source, Date.now());
  } finally {
    await source.close();
  }
}

async function exportToFile(
  { file, rooms }: ArchiveOrder,
  source: ArchiveSource,
  at: number,
): Promise<string> {
  using writer = new LineWriter(file);
  try {
    const told = await exportRooms(source, rooms, at, (line) => writer.write(line));
    writer.end();
    return `${told} exported`;
  } catch (error) {
    writer.remove();
    throw error;
  }
}

/** Writes rooms, all where none is named, as lines; resolves with their number in words. */
export async function exportRooms(
  source: ArchiveSource,
  rooms: readonly string[],
  at: number,
  write: (line: string) => void,
): Promise<string> {
  const wanted = rooms.map(normalizeRoomId);
  let [count, all] = [0, 0];
  write(encodeBegin(at));
  for await (const id of wanted.length > 0 ? wanted : source.rooms()) {
    const room = await source.read(id);
    if (room === undefined && wanted.length > 0) throw new Error(`Room ${id} does not exist`);
    // One that was deleted meanwhile.
    if (room === undefined) continue;
    write(encodeHead(room.head));
    let [entries, markers] = [0, 0];
    for await (const page of room.entries()) {
      for (const entry of page) write(encodeArchived(entry));
      entries += page.length;
    }
    for await (const page of room.markers()) {
      for (const marker of page) write(encodeMarker(marker));
      markers += page.length;
    }
    write(encodeEnd(entries, markers));
    count++;
    all += entries;
  }
  write(encodeOver(count));
  return inWords(count, all);
}

/**
 * Imports all rooms of a file: first it is read to its end, and nothing is written where anything is
 * wrong in it. A room is seen by nobody before it is whole; after an import that broke off, the same
 * one with `skipExisting` goes on.
 */
async function importRooms(
  { file, skipExisting }: ArchiveOrder,
  target: ArchiveTarget,
): Promise<string> {
  const skipped = new Set<string>();
  await eachLine(file, async (reader, line) => {
    const read = reader.take(line);
    if (read.type !== "room") return;
    const found = await target.look(read.head.id);
    if (found === "free") return;
    if (skipExisting) skipped.add(read.head.id);
    else {
      const how = found === "taken" ? "is there already" : "was deleted here";
      throw reader.error(
        `room ${read.head.id} ${how}: nothing was imported (--skip-existing leaves it out)`,
      );
    }
  });
  let [rooms, all] = [0, 0];
  let taking: Taking | undefined;
  await eachLine(file, async (reader, line) => {
    const read = reader.take(line);
    switch (read.type) {
      case "room":
        taking = skipped.has(read.head.id) ? undefined : new Taking(await target.begin(read.head));
        return;
      case "entry":
        return await taking?.add(read.entry);
      case "marker":
        return await taking?.mark(read.marker);
      case "end":
        if (taking === undefined) return;
        all += await taking.end();
        rooms++;
        return;
      default:
        return;
    }
  });
  const left = skipped.size === 0 ? "" : `, ${skipped.size} left out`;
  return `${inWords(rooms, all)} imported${left}`;
}

/** Hands the lines of an archive to `take`, and names the file where one will not do. */
async function eachLine(
  file: string,
  take: (reader: ArchiveReader, line: string) => Promise<void> | void,
): Promise<void> {
  const reader = new ArchiveReader();
  try {
    for (const line of linesOf(file)) await take(reader, line);
    reader.end();
  } catch (error) {
    throw new Error(`${file}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A room on its way, in batches. */
class Taking {
  readonly #writer: RoomWriter;
  #entries: ArchivedEntry[] = [];
  #markers: ArchivedMarker[] = [];
  #count = 0;

  constructor(writer: RoomWriter) {
    this.#writer = writer;
  }

  async add(entry: ArchivedEntry): Promise<void> {
    this.#count++;
    if (this.#entries.push(entry) === ARCHIVE_BATCH) await this.#flush();
  }

  async mark(marker: ArchivedMarker): Promise<void> {
    if (this.#markers.push(marker) === ARCHIVE_BATCH) await this.#flush();
  }

  /** Ends the room; resolves with the number of its entries. */
  async end(): Promise<number> {
    await this.#flush();
    await this.#writer.end();
    return this.#count;
  }

  async #flush(): Promise<void> {
    if (this.#entries.length > 0) await this.#writer.add(this.#entries);
    if (this.#markers.length > 0) await this.#writer.mark(this.#markers);
    this.#entries = [];
    this.#markers = [];
  }
}

function inWords(rooms: number, entries: number): string {
  const plural = (count: number, one: string, more: string) =>
    `${count} ${count === 1 ? one : more}`;
  return `${plural(rooms, "room", "rooms")} with ${plural(entries, "entry", "entries")}`;
}
