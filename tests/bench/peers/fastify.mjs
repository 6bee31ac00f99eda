// Fastify and better-sqlite3 answering daily visits: takes one file of passages into a keyed table, then counts either
// in a table of daily figures that it made of them, or in the passages by a covering index.
//   node fastify.mjs PASSAGES.csv STORE
import { readFileSync } from "node:fs";
import process from "node:process";
import Database from "better-sqlite3";
import Fastify from "fastify";

const [file, store] = process.argv.slice(2);
const db = new Database(store);
db.pragma("journal_mode = WAL");
db.exec("CREATE TABLE passages(event_id TEXT PRIMARY KEY, venue TEXT, gate TEXT, direction TEXT, ts TEXT, card TEXT, day TEXT) WITHOUT ROWID");
const insert = db.prepare("INSERT OR REPLACE INTO passages VALUES(?, ?, ?, ?, ?, ?, ?)");
db.transaction(() => {
  for (const line of readFileSync(file, "utf8").split("\n").slice(1)) {
    const cells = line.split(",");
    if (cells.length === 6) insert.run(...cells, cells[4].slice(0, 10));
  }
})();
db.exec(`
  CREATE INDEX by_day ON passages(direction, day, venue);
  CREATE TABLE visits(venue TEXT, day TEXT, n INTEGER, PRIMARY KEY(day, venue)) WITHOUT ROWID;
  INSERT INTO visits SELECT venue, day, count(*) FROM passages WHERE direction = 'in' GROUP BY day, venue;
  ANALYZE;`);

const questions = {
  "/daily": db.prepare("SELECT day AS period, venue, n AS value FROM visits WHERE day BETWEEN ? AND ? ORDER BY day, venue"),
  "/passages": db.prepare(
    "SELECT day AS period, venue, count(*) AS value FROM passages WHERE direction = 'in' AND day BETWEEN ? AND ? GROUP BY day, venue"),
};
const cell = { type: "object", properties: { period: { type: "string" }, venue: { type: "string" }, value: { type: "integer" } } };
const schema = { response: { 200: { type: "object", properties: { data: { type: "array", items: cell } } } } };
const app = Fastify();
for (const [path, question] of Object.entries(questions))
  app.get(path, { schema }, async (request) => ({ data: question.all(request.query.from, request.query.to) }));
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(`listens on ${app.server.address().port}`);
