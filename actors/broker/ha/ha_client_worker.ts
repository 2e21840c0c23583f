import { serve } from "../../kernel/serve.ts";
import { haClientRole } from "./ha_contract.ts";
import { startHaClient } from "./ha_client.ts";

serve(haClientRole, startHaClient);
