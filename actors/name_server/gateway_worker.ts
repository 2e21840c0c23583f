/** The worker of the name server's gateway: one statement. */

import { serve } from "../kernel/serve.ts";
import { NAME_SERVER_GATEWAY } from "./contracts.ts";
import { startGateway } from "./gateway.ts";

serve(NAME_SERVER_GATEWAY, startGateway);
