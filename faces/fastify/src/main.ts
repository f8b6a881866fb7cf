/** The entry of the process, and its only listener: `node dist/main.js`. */

import { serve } from "../../../node/dist/server/serve.js";
import { createFace } from "./face.js";

await serve(createFace);
