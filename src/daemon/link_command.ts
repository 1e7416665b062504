/**
 * The command that says what an invitation into a room gives, and makes one of it that gives less:
 * `link` behind the name of the server. It asks no server.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { joinEmptyValues } from "../arguments.ts";
import { inviteUrl, narrowLink, readInvite } from "../client/conversation/links.ts";
import { isRoomId, isRoomName, normalizeRoomId } from "../core/authority/ids.ts";
import { Links } from "../core/authority/links.ts";
import { checkedNumber } from "../core/state/option_checks.ts";
import { PROGRAMS } from "../program.ts";
import { type LinkTerms, MAX_USES, OWNER_LINK, readLink, termsOf } from "../protocol/links.ts";
import { rankOf, type Role, ROLES } from "../protocol/roles.ts";
import { linkSigner } from "../server/token_signer.ts";
import { readSecret } from "./start.ts";

/** The word that it begins with. */
export const LINK_COMMAND = "link";

/** The longest time that a link is narrowed to, in seconds: ten years. */
const MAX_SECONDS = 315_360_000;

/** The longest line that may come on standard input, in UTF-16 units: a link, and an address before it. */
const MAX_INVITATION_CHARS = 8_192;

/** The roles that a link can give. */
const GIVEN_ROLES = ROLES.filter((role) => role !== "none");

/** The text of `link --help`. */
export const LINK_COMMAND_HELP: string = `Usage: ${PROGRAMS.server} link [INVITATION | -] [flags]

Says what an invitation gives, as far as that stands in it: the address of a page with a link
behind #, or ROOM.LINK, as /invite shows them. With terms, prints one that is made of it and gives
no more than they say. An invitation is a secret: - reads it from standard input, where no list of
processes shows it.

  --role ROLE         no greater role: ${GIVEN_ROLES.join(", ")}
  --seconds N         for how long it is good
  --uses N            for how many people, up to ${MAX_USES}
  --to WHO            the only person: a sub, or the id of a client without one
  --secret-file PATH  the secret of the server: makes the owner link of a room whose id is given

It asks no server. So it cannot say whether a link was ended or used up, nor end one, nor make one
of nothing but a room without the secret: /links, /unlink and /invite of the chat do that.
`;

const TEXTS = ["role", "seconds", "uses", "to", "secret-file"] as const;

/** An invitation, read. */
interface Invitation {
  roomId: string;
  link: string;
  /** Writes it again, with another link. */
  write: (link: string) => string;
}

/**
 * Carries the command out at the time `at`, in milliseconds since 1970; returns what to print. `input`
 * is standard input.
 *
 * @throws {RangeError} with one line that names the flag and the value that will not do, and no link.
 */
export async function linkCommand(
  args: string[],
  at: number,
  input: ReadableStream<BufferSource>,
): Promise<string> {
  const flags = parseArgs(joinEmptyValues(args, TEXTS), {
    string: [...TEXTS, "_"],
    boolean: ["help"],
    alias: { help: "h" },
    unknown: (argument, flag) => {
      if (flag === undefined) return true;
      throw new RangeError(`Unknown argument ${JSON.stringify(argument)}: see link --help`);
    },
  });
  if (flags.help) return LINK_COMMAND_HELP.trimEnd();
  const text = (name: typeof TEXTS[number]): string | undefined => {
    const value: unknown = flags[name];
    if (value === undefined || typeof value === "string" && value !== "") return value;
    throw new RangeError(`--${name} needs one value`);
  };
  const [given, ...more] = flags._.map(String);
  if (given === undefined) throw new RangeError("link needs an invitation: see link --help");
  if (more.length > 0) throw new RangeError(`link takes one invitation, not ${more.length + 1}`);
  const read = given === "-" ? await lineOf(input) : given;
  if (read.length > MAX_INVITATION_CHARS) {
    throw new RangeError(`An invitation is no longer than ${MAX_INVITATION_CHARS} characters`);
  }
  const secretFile = text("secret-file");
  const { roomId, link, write } = await invitationOf(read, secretFile);
  const terms = termsIn(link);
  const [role, seconds, uses, to] = [text("role"), text("seconds"), text("uses"), text("to")];
  if ((role ?? seconds ?? uses ?? to) === undefined) {
    return secretFile === undefined ? describe(roomId, terms, at) : write(link);
  }
  if (terms.until !== undefined && terms.until <= at) {
    throw new RangeError(`The link has ended, at ${new Date(terms.until).toISOString()}`);
  }
  const forSeconds = numberOf("seconds", seconds, MAX_SECONDS);
  const narrower = {
    role: roleOf(role, terms.role),
    until: forSeconds === undefined ? undefined : new Date(at + forSeconds * 1_000),
    uses: numberOf("uses", uses, MAX_USES),
    to,
  };
  try {
    return write(await narrowLink(link, narrower));
  } catch (error) {
    throw new RangeError((error as Error).message);
  }
}

/** Reads the first line, or as much of it as says that it is too long. */
async function lineOf(input: ReadableStream<BufferSource>): Promise<string> {
  let text = "";
  for await (const piece of input.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.length > MAX_INVITATION_CHARS || text.includes("\n")) break;
  }
  return text.split("\n", 1)[0]!.trim();
}

/** Reads an invitation; where only a room is given, makes its owner link with the secret in that file. */
async function invitationOf(text: string, secretFile: string | undefined): Promise<Invitation> {
  const isAddress = URL.canParse(text) && text.includes("://");
  // A named room has a "#" of its own, which is none of an address.
  const invite = isAddress ? readInvite(text) : readInvite(`#${text}`);
  const roomId = normalizeRoomId(invite.roomId);
  if (!isRoomId(roomId) && !isRoomName(roomId)) {
    throw new RangeError("That is no invitation: it names no room");
  }
  const write = (link: string) => isAddress ? inviteUrl(text, roomId, link) : `${roomId}.${link}`;
  if (secretFile === undefined) {
    if (invite.link !== undefined) return { roomId, link: invite.link, write };
    throw new RangeError(`There is no link in it, only room ${roomId}: see link --help`);
  }
  if (invite.link !== undefined) {
    throw new RangeError("--secret-file makes the link of a room: give its id alone");
  }
  const secret = await readSecret("--secret-file", secretFile);
  const link = new Links(linkSigner(secret)).make(roomId, OWNER_LINK);
  return { roomId, link, write };
}

function termsIn(link: string): LinkTerms {
  const read = readLink(link);
  const terms = read && termsOf(read);
  if (terms !== undefined) return terms;
  throw new RangeError("That is no link: perhaps a part of it is missing");
}

function describe(roomId: string, { id, role, until, uses, to }: LinkTerms, at: number): string {
  const lines = [["room", roomId], ["id", id], ["role", `${role} at most`]];
  if (until !== undefined) {
    const ended = until <= at ? ", so it has ended" : "";
    lines.push(["until", `${new Date(until).toISOString()}${ended}`]);
  }
  if (uses.size > 0) lines.push(["uses", `${Math.min(...uses.values())} people at most`]);
  for (const who of to) lines.push(["to", JSON.stringify(who)]);
  return lines.map(([name = "", value]) => `${name.padEnd(5)}  ${value}`).join("\n");
}

function roleOf(text: string | undefined, most: Role): Exclude<Role, "none"> | undefined {
  if (text === undefined) return undefined;
  const role = GIVEN_ROLES.find((known) => known === text);
  if (role === undefined) {
    const choices = GIVEN_ROLES.join(", ");
    throw new RangeError(`--role must be one of ${choices}, not ${JSON.stringify(text)}`);
  }
  if (rankOf(role) <= rankOf(most)) return role;
  throw new RangeError(`--role ${role} is more than the link gives, which is ${most}`);
}

function numberOf(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  return checkedNumber(`--${name}`, /^\d+$/.test(text) ? Number(text) : NaN, [1, most], text);
}
