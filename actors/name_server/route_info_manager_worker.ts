/** The worker of RouteInfoManager: one statement. */

import { serve } from "../kernel/serve.ts";
import { ROUTE_INFO_MANAGER } from "./contracts.ts";
import { startRouteInfoManager } from "./route_info_manager.ts";

serve(ROUTE_INFO_MANAGER, startRouteInfoManager);
