import { serve } from "../../kernel/serve.ts";
import { groupTransferRole } from "./ha_contract.ts";
import { startGroupTransferService } from "./group_transfer_service.ts";

serve(groupTransferRole, startGroupTransferService);
