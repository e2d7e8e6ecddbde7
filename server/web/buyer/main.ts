// The buyer's page, for a phone: composition root.
import { createApp } from 'vue'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import './buyer.css'
import BuyerApp from './buyer-app.vue'
import { createBuyerLive, buyerLiveKey } from './session/buyer-live.ts'
import { createBuyerRouter } from './router.ts'

const context = createWebContext(window)
const live = createBuyerLive(context, (url) => new WebSocket(url))

createApp(BuyerApp)
  .provide(webContextKey, context)
  .provide(buyerLiveKey, live)
  .use(createBuyerRouter(context))
  .mount('#app')
