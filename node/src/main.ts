/** The entry point of the process, and its only listener: `node dist/main.js`. */

import { createApp } from "./app.js";
import { serve } from "./server/serve.js";

await serve(createApp);
