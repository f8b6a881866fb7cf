/** The entry point of the process, and its only listener: `node dist/main.js`. */

import { serve } from "../../../dist/server/serve.js";
import { createApp } from "./app.js";

await serve(createApp);
