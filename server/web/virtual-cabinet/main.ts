// The demo's virtual cabinet: composition root. What is done here moves virtual goods and switches only.
import { createApp } from 'vue'
import { commonCatalogue } from '../common/i18n/common-messages.ts'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import { openSocketKey } from './hands.ts'
import VirtualCabinetApp from './virtual-cabinet-app.vue'
import { cabinetCatalogue } from './messages.ts'

const context = createWebContext(window)
if (context.locale.value === 'en') await Promise.all([commonCatalogue.loadEnglish(), cabinetCatalogue.loadEnglish()])

createApp(VirtualCabinetApp)
  .provide(webContextKey, context)
  .provide(openSocketKey, (url) => new WebSocket(url))
  .mount('#app')
