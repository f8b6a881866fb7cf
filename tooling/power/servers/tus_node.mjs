// Uploads under /files by @tus/server: node tus_node.mjs PORT FOLDER LARGEST, below its node_modules.
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [port, directory, largest] = process.argv.slice(2);
// Node 20 closes the stream of a download twice, which would end the server.
process.on("uncaughtException", console.error);
const datastore = new FileStore({ directory });
const server = new Server({ path: "/files", datastore, maxSize: Number(largest) });
server.listen({ host: "127.0.0.1", port: Number(port) });
