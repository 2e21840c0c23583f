import { loadTransfers } from "../../../store/file/deno_disk.ts";
import { serve } from "../../kernel/serve.ts";
import { reputRole } from "./reput_contract.ts";
import { startReputMessageService } from "./reput_message_service.ts";

loadTransfers();
serve(reputRole, startReputMessageService);
