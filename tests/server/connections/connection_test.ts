import { assert, assertEquals } from "@std/assert";
import { Connection } from "../../../src/server/connections/connection.ts";
import { pure } from "../../support/pure.ts";
import { until } from "../../support/waiting.ts";
import { connectionOptions } from "../connection_options.ts";
import { FakeSocket } from "../fake_socket.ts";

const LIMITS = { highWaterBytes: 100_000, stuckMs: 1_000 };
const CHUNK = "x".repeat(65_536);

function connect(): { fake: FakeSocket; connection: Connection; full: number[] } {
  const fake = new FakeSocket();
  fake.open();
  const full: number[] = [];
  const options = connectionOptions(LIMITS, {
    full: ({ id }) => full.push(id),
  });
  const connection = new Connection(7, fake.socket, "v1", options);
  return { fake, connection, full };
}

pure("a connection reports what its socket hears, and its end", () => {
  const fake = new FakeSocket();
  const told: unknown[] = [];
  const options = connectionOptions(LIMITS, {
    heard: ({ id }, data) => told.push([id, data]),
    ended: ({ id }, code) => told.push([id, code]),
  });
  const connection = new Connection(7, fake.socket, "plain", options);
  fake.open();
  fake.hear("one");
  fake.dispatchEvent(new Event("error"));
  fake.end(1001);
  assertEquals(told, [[7, "one"], [7, 1001]]);
  assertEquals(connection.plain, true);
});

pure("Connection.close() before the socket opens takes place when it does", () => {
  const fake = new FakeSocket();
  const connection = new Connection(7, fake.socket, "v1", connectionOptions(LIMITS));
  connection.close(1013, "Full", "bye");
  connection.close(1000, "again");
  assertEquals([connection.closed, fake.sent, fake.closedWith], [true, [], undefined]);
  fake.open();
  assertEquals([fake.sent, fake.closedWith], [["bye"], [1013, "Full"]]);
});

pure("Connection.send() sends while the socket is open, and is silent otherwise", () => {
  const { fake, connection } = connect();
  connection.send("one");
  fake.readyState = WebSocket.CLOSING;
  connection.send("two");
  assertEquals(fake.sent, ["one"]);
});

pure("Connection.send() notices a full socket after 64 KiB, and tells it once", () => {
  const { fake, connection, full } = connect();
  fake.bufferedAmount = 100_001;
  connection.send("little");
  assertEquals([connection.ready, full], [true, []]);
  connection.send(CHUNK);
  connection.send(CHUNK);
  assertEquals([connection.ready, full], [false, [7]]);
  assertEquals(fake.sent.length, 3);
});

pure("Connection.send() takes a socket at its high-water mark for one that is not full", () => {
  const { fake, connection, full } = connect();
  fake.bufferedAmount = 100_000;
  connection.send(CHUNK);
  assertEquals([connection.ready, full], [true, []]);
});

pure("Connection.look() is ready again when half of the mark is gone, and then full again", () => {
  const { fake, connection, full } = connect();
  fake.bufferedAmount = 200_000;
  connection.send(CHUNK);
  fake.bufferedAmount = 50_001;
  assertEquals([connection.look(10), connection.ready], ["full", false]);
  fake.bufferedAmount = 50_000;
  assertEquals([connection.look(20), connection.ready], ["ready", true]);
  fake.bufferedAmount = 200_000;
  connection.send(CHUNK);
  assertEquals(full, [7, 7]);
});

pure("Connection.look() finds a socket stuck that took nothing for its time, and only then", () => {
  const { fake, connection } = connect();
  fake.bufferedAmount = 200_000;
  connection.send(CHUNK);
  assertEquals(connection.look(5_000), "full");
  assertEquals(connection.look(5_999), "full");
  fake.bufferedAmount = 199_999;
  assertEquals(connection.look(5_999), "full");
  assertEquals(connection.look(6_998), "full");
  assertEquals(connection.look(6_999), "stuck");
});

pure("Connection.close() sends its last frame and closes, once", () => {
  const { fake, connection } = connect();
  connection.close(4002, "Reads too slowly", "goodbye");
  connection.close(1000, "");
  connection.send("late");
  assertEquals(fake.sent, ["goodbye"]);
  assertEquals(fake.closedWith, [4002, "Reads too slowly"]);
  assertEquals([connection.closed, connection.ready, connection.ended], [true, false, false]);
  fake.end();
  assert(connection.ended);
});

Deno.test("Connection.close() lets what was sent go first, for a moment", async () => {
  const { fake, connection } = connect();
  fake.bufferedAmount = 1_000;
  connection.close(4001, "Silent", "goodbye");
  assertEquals([connection.closed, fake.sent, fake.closedWith], [true, [], undefined]);
  await until(() => fake.closedWith !== undefined, "it is not closed");
  assertEquals(fake.sent, ["goodbye"]);
});

pure("Connection.close() keeps a reason within the 123 bytes that a close frame has", () => {
  const { fake, connection } = connect();
  connection.close(4004, "x".repeat(200));
  assertEquals(fake.closedWith?.[1]?.length, 123);
});

pure("Connection.close() does not close what has ended already", () => {
  const { fake, connection } = connect();
  fake.readyState = WebSocket.CLOSED;
  connection.close(1000, "", "last");
  assertEquals([fake.closedWith, fake.sent], [undefined, []]);
});

pure("a closed connection is ready when looked at, so that nobody waits for it", () => {
  const { fake, connection } = connect();
  connection.close(1000, "");
  fake.bufferedAmount = 1_000_000;
  assertEquals(connection.look(0), "ready");
  connection.send("x");
  assertEquals(fake.sent, []);
});
