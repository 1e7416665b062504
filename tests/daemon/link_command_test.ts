import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { readInvite } from "../../src/client/conversation/links.ts";
import { Links } from "../../src/core/authority/links.ts";
import { linkCommand } from "../../src/daemon/link_command.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { linkSigner } from "../../src/server/token_signer.ts";
import { PERMITTED } from "../support/permissions.ts";
import "../support/ignore_unpermitted.ts";
import { tempFolder } from "../support/temp_folder.ts";

const SECRET = "the secret of the tests, which is long";
const FILE = `${tempFolder()}/secret`;
if (PERMITTED) Deno.writeTextFileSync(FILE, `${SECRET}\n`);

const AT = 1_800_000_000_000;
const ROOM = "k7q2-m9xd-4hwn-r3tc";
const links = new Links(linkSigner(SECRET));
const LINK = links.make(ROOM, "k3j2h1g0", { role: "moderator" }, { exp: AT / 1_000 + 60 }, {
  uses: 5,
});
const ADDRESS = `https://chat.example.org/talk#${ROOM}.${LINK}`;

const input = (text = "") => new Blob([text]).stream();
const run = (...args: string[]) => linkCommand(args, AT, input());

/** The link of an invitation as the server takes it from somebody. */
function checked(invitation: string, person: string, roomId = ROOM) {
  const { roomId: into, link } = readInvite(invitation);
  assertEquals(into, roomId);
  return links.check(link!, into, person);
}

Deno.test("link says what an invitation gives, as an address and without one", async () => {
  const said = [
    `room   ${ROOM}`,
    "id     k3j2h1g0",
    "role   moderator at most",
    "until  2027-01-15T08:01:00.000Z",
    "uses   5 people at most",
  ].join("\n");
  assertEquals(await run(ADDRESS), said);
  assertEquals(await run(`${ROOM}.${LINK}`), said);
  assertEquals(await linkCommand(["-"], AT, input(`${ADDRESS}\nmore`)), said);
  const ended = await linkCommand([ADDRESS], AT + 60_000, input());
  assertStringIncludes(ended, "until  2027-01-15T08:01:00.000Z, so it has ended");
});

Deno.test("link makes one that gives less, which the server takes for no more", async () => {
  const less = await run(ADDRESS, "--role", "reader", "--seconds=30", "--uses", "1", "--to", "ben");
  assertMatch(less, /^https:\/\/chat\.example\.org\/talk#/);
  const link = checked(less, "ben");
  assert(!(link instanceof ChatError));
  assertEquals([link.role, link.until], ["reader", AT + 30_000]);
  assertEquals(Object.values(link.counts).sort(), [1, 5]);
  assertMatch(link.id, /^k3j2h1g0\.[0-9a-z]{8}$/);
  assert(checked(less, "ana") instanceof ChatError, "it is for Ben");
  assertStringIncludes(await run(less), 'to     "ben"');
  assertMatch(await run(`${ROOM}.${LINK}`, "--uses=2"), /^k7q2-m9xd-4hwn-r3tc\.k3j2h1g0\./);
});

Deno.test("link makes the owner link of a room with the secret, as the server does", async () => {
  assertEquals(
    await run("K7Q2 M9XD 4HWN R3TC", "--secret-file", FILE),
    `${ROOM}.${links.make(ROOM, "owner")}`,
  );
  const owner = await run("https://chat.example.org/##lobby", "--secret-file", FILE);
  assertEquals(owner, `https://chat.example.org/##lobby.${links.make("#lobby", "owner")}`);
  const reader = await run("#Lobby", "--secret-file", FILE, "--role", "reader");
  assertMatch(reader, /^#lobby\.owner\.id=/);
  assertStringIncludes(await run(reader), "room   #lobby\nid     owner.");
});

Deno.test("link says what will not do, and shows no link", async () => {
  const refusal = async (...args: string[]) => {
    const { message } = await assertRejects(() => run(...args), RangeError);
    assert(!message.includes(LINK.slice(-32)), message);
    assert(!message.includes("\n"), message);
    return message;
  };
  assertEquals(await refusal(), "link needs an invitation: see link --help");
  assertEquals(await refusal(ADDRESS, ADDRESS), "link takes one invitation, not 2");
  const long = "An invitation is no longer than 8192 characters";
  assertEquals(await refusal("x".repeat(9_000)), long);
  const endless = () => linkCommand(["-"], AT, input("x".repeat(100_000)));
  assertEquals((await assertRejects(endless, RangeError)).message, long);
  assertEquals(
    await refusal("https://chat.example.org/"),
    "That is no invitation: it names no room",
  );
  assertStringIncludes(await refusal(ROOM), `There is no link in it, only room ${ROOM}`);
  assertStringIncludes(await refusal(ADDRESS.slice(0, -3)), "That is no link");
  assertStringIncludes(await refusal(ADDRESS.replace("uses=5", "uses=x")), "That is no link");
  assertStringIncludes(
    await refusal(ADDRESS, "--role", "king"),
    '--role must be one of reader, member, moderator, owner, not "king"',
  );
  assertEquals(
    await refusal(ADDRESS, "--role", "owner"),
    "--role owner is more than the link gives, which is moderator",
  );
  assertStringIncludes(await refusal(ADDRESS, "--uses", "1001"), "--uses must be a whole number");
  assertStringIncludes(
    await refusal(ADDRESS, "--seconds", "0"),
    "--seconds must be a whole number",
  );
  assertStringIncludes(await refusal(ADDRESS, "--seconds", "1e3"), '1 to 315360000, not "1e3"');
  assertEquals(await refusal(ADDRESS, "--to", ""), "--to needs one value");
  assertStringIncludes(await refusal(ADDRESS, "--port", "1"), 'Unknown argument "--port');
  assertStringIncludes(await refusal(ADDRESS, "--secret-file", FILE), "give its id alone");
  const { message } = await assertRejects(
    () => linkCommand([ADDRESS, "--uses", "1"], AT + 60_000, input()),
    RangeError,
  );
  assertEquals(message, "The link has ended, at 2027-01-15T08:01:00.000Z");
  let full = ADDRESS;
  for (let i = 0; i < 6; i++) full = await run(full, "--uses", "1");
  assertEquals(await refusal(full, "--uses", "1"), "the terms of the link cannot be more");
  assertStringIncludes(await run("--help"), "--secret-file PATH");
});
