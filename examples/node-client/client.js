// A client that loads the .proto files as it starts: a page, the page after it, a write, and a click.
//
//	npm install && node client.js localhost:50051 "running shoes" [PROTOS]
"use strict";

const path = require("node:path");
const { promisify } = require("node:util");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const TIMEOUT_MS = 30_000;

// load makes the client classes from the include root, protos/.
function load(root) {
  const files = ["search", "catalog", "events"].map((name) => `aisle/v1/${name}.proto`);
  const definition = protoLoader.loadSync(files, {
    includeDirs: [root],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  });
  return grpc.loadPackageDefinition(definition).aisle.v1;
}

// unary makes a promise of a call with one request and one answer.
function unary(client, method) {
  const call = promisify(client[method]).bind(client);
  return (request) => call(request, new grpc.Metadata(), { deadline: Date.now() + TIMEOUT_MS });
}

// upsert streams products in; what it answers with is durable.
function upsert(client, products) {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + TIMEOUT_MS };
    const stream = client.UpsertProducts(options, (error, answer) => (error ? reject(error) : resolve(answer)));
    products.forEach((product) => stream.write({ product }));
    stream.end();
  });
}

// record streams events in, and waits for their acknowledgements.
async function record(client, events) {
  const stream = client.StreamEvents({ deadline: Date.now() + TIMEOUT_MS });
  events.forEach((event) => stream.write({ event }));
  stream.end();
  const acknowledgements = [];
  for await (const { ack } of stream) acknowledgements.push(ack);
  return acknowledgements;
}

// show prints position, price and title of each result.
function show(page) {
  for (const { position, product } of page.results) {
    const price = product.price ? product.price.amount.toFixed(2) : "";
    console.log(`${String(position).padStart(3)}  ${price.padStart(9)}  ${product.title}`);
  }
}

async function main(address, query, root = path.join(__dirname, "..", "..", "protos")) {
  const { SearchService, CatalogService, EventService } = load(root);
  const credentials = grpc.credentials.createInsecure();
  const clients = [SearchService, CatalogService, EventService].map((Service) => new Service(address, credentials));
  const [searches, catalog, events] = clients;
  const search = unary(searches, "Search");

  const first = await search({ query, page_size: 5, visitor_id: "node-1" });
  show(first);
  if (first.next_page_token) {
    show(await search({ query, page_size: 5, visitor_id: "node-1", page_token: first.next_page_token }));
  }
  console.log(`${first.total_count} products`);

  const written = await upsert(catalog, [{ product_id: "node-mug", title: "Enamel mug from Node", price: { amount: 9.5 } }]);
  const found = await search({ query: "enamel mug from node", wait_for_visible: written.log_position, page_size: 5 });
  const shown = found.results.find(({ product }) => product.product_id === "node-mug");
  console.log(`written: ${written.accepted_count}, found: ${shown ? shown.product.title : "no"}`);

  const click = {
    event_id: `${first.query_id}-1`,
    action: "click",
    visitor_id: "node-1",
    query_id: first.query_id,
    products: [{ product_id: first.results[0].product.product_id, position: 1 }],
  };
  for (const { status } of await record(events, [click])) console.log(`event: ${status}`);
  await unary(catalog, "DeleteProducts")({ product_ids: ["node-mug"] });
  clients.forEach((client) => client.close());
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error.details || error);
  process.exitCode = 1;
});
