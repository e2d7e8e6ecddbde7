// The buyer's page, for a phone: composition root.
import { createApp } from 'vue'
import { commonCatalogue } from '../common/i18n/common-messages.ts'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import './buyer.css'
import BuyerApp from './buyer-app.vue'
import { createBuyerLive, buyerLiveKey } from './session/buyer-live.ts'
import { createBuyerRouter } from './router.ts'
import { buyerCatalogue } from './i18n/buyer-messages.ts'

const context = createWebContext(window)
const live = createBuyerLive(context, (url) => new WebSocket(url))
if (context.locale.value === 'en') await Promise.all([commonCatalogue.loadEnglish(), buyerCatalogue.loadEnglish()])

createApp(BuyerApp)
  .provide(webContextKey, context)
  .provide(buyerLiveKey, live)
  .use(createBuyerRouter(context))
  .mount('#app')
