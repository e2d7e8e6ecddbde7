// The farmer's page, for a phone held at arm's length: composition root.
import { createApp } from 'vue'
import { commonCatalogue } from '../common/i18n/common-messages.ts'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import '../common/style/large-type.css'
import FarmerApp from './farmer-app.vue'
import { farmerCatalogue } from './farmer-messages.ts'

const context = createWebContext(window)
if (context.locale.value === 'en') await Promise.all([commonCatalogue.loadEnglish(), farmerCatalogue.loadEnglish()])

createApp(FarmerApp).provide(webContextKey, context).mount('#app')
