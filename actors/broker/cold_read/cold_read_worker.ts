import { serve } from "../../kernel/serve.ts";
import { startColdReadService } from "./cold_read_service.ts";
import { coldReadRole } from "./cold_read_role.ts";

serve(coldReadRole, startColdReadService);
