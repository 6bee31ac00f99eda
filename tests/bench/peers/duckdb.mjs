// One CSV file into a DuckDB table with the same aggregate as the others. `plain`: no key, every row is kept.
// `keyed`: of rows with one key the later counts.
//   node duckdb.mjs plain|keyed PASSAGES.csv STORE
import process from "node:process";
import { DuckDBInstance } from "@duckdb/node-api";

const [mode, file, store] = process.argv.slice(2);
const columns = ["event_id", "venue", "gate", "direction", "ts", "card"];
const read = `read_csv('${file}', header=true, ignore_errors=true, columns={${columns.map((name) => `'${name}':'VARCHAR'`)}})`;

const start = process.hrtime.bigint();
const connection = await (await DuckDBInstance.create(store)).connect();
const keyed = mode === "keyed";
const key = keyed ? " PRIMARY KEY" : "";
await connection.run(`CREATE TABLE passages(${columns.map((name, i) => `${name} VARCHAR${i === 0 ? key : ""}`)})`);
await connection.run(`INSERT ${keyed ? "OR REPLACE " : ""}INTO passages SELECT * FROM ${read}${keyed ? " WHERE event_id IS NOT NULL" : ""}`);
await connection.run(
  "CREATE TABLE visits AS SELECT venue, substr(ts, 1, 10) AS day, count(*) AS n FROM passages WHERE direction = 'in' GROUP BY 1, 2");
await connection.run("CHECKPOINT");
const seconds = Number(process.hrtime.bigint() - start) / 1e9;

const rows = (await connection.runAndReadAll("SELECT venue, day, n FROM visits")).getRows();
console.log(JSON.stringify({ seconds, visits: rows.map(([venue, day, n]) => [venue, day, Number(n)]) }));
