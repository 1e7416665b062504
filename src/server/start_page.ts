/**
 * The page for a person who opens the chat's address in a browser.
 *
 * @module
 */

/** An HTML document without anything of the request in it, and without scripts and styles. */
export const START_PAGE: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Parley</title>
<h1>This is a chat server</h1>
<p>It works, and browsers have nothing to see here: programs talk to it over WebSocket, at the
address of this page with <code>ws://</code> instead of <code>http://</code>, or
<code>wss://</code> instead of <code>https://</code>.</p>
<p>To make a room from a terminal that has <a href="https://deno.com/">Deno</a>, put that address
in the place of <code>wss://…</code>:</p>
<pre>deno run -N jsr:@parley/chat/cli --name You --url wss://…</pre>
<p>It prints how others join. With the id of a room that somebody gave you, add
<code>--join ID</code>.</p>
`;
