import { serve } from "../../kernel/serve.ts";
import { haServiceRole } from "./ha_contract.ts";
import { startHaService } from "./ha_service.ts";

serve(haServiceRole, startHaService);
